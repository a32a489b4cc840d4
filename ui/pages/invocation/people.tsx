/** Who did what to it by the admin API: `GET /audit?id=`. */
import { askFields, Refusal } from "../../admin/client.ts";
import { timeOf } from "../../admin/invocation.ts";
import { EVERY_MS, useLive } from "../../admin/live.ts";
import { Shown } from "../../parts/empty.tsx";
import { useNow } from "../../parts/now.ts";
import { visible } from "../../words/text.ts";
import { clockTime, wholeTime } from "../../words/time.ts";

interface Deed {
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
  readonly outcome: string;
}

const useDeeds = (id: string) =>
  useLive(
    `deeds ${id}`,
    async (signal): Promise<readonly Deed[] | "unknown"> => {
      try {
        const answer = await askFields(`/audit?${new URLSearchParams({ id }).toString()}`, { signal });
        const list =
          answer.objects("actions").length > 0 ? answer.objects("actions") : answer.objects("entries");
        return list.map((deed) => ({
          atMs: timeOf(deed, "at") ?? 0,
          who: deed.optionalText("who") ?? deed.optionalText("by") ?? "somebody",
          what: deed.optionalText("what") ?? deed.optionalText("action") ?? "",
          outcome: textOf(deed.raw["outcome"]),
        }));
      } catch (error) {
        if (error instanceof Refusal) return "unknown";
        throw error;
      }
    },
    EVERY_MS.counts,
  );
const textOf = (value: unknown): string =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : "";

export function PeopleTable({ id }: { readonly id: string }) {
  const now = useNow();
  return (
    <Shown of={useDeeds(id)}>
      {(deeds) =>
        deeds === "unknown" ? (
          <p class="pad muted">
            This server keeps no list of what people did. In AWS, the log of the admin function has it.
          </p>
        ) : deeds.length === 0 ? (
          <p class="pad muted">Nobody has done anything to it by hand.</p>
        ) : (
          <table class="cards tight">
            <thead>
              <tr>
                <th>When</th>
                <th>Who</th>
                <th>What</th>
                <th>Outcome</th>
              </tr>
            </thead>
            <tbody>
              {deeds.map((deed) => (
                <tr key={`${deed.atMs} ${deed.what}`}>
                  <td class="num nowrap" title={wholeTime(deed.atMs)}>
                    {clockTime(deed.atMs, now)}
                  </td>
                  <td>
                    <bdi>{visible(deed.who)}</bdi>
                  </td>
                  <td>{visible(deed.what)}</td>
                  <td>{visible(deed.outcome)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )
      }
    </Shown>
  );
}
