/** Who did what to it by the admin API: `GET /audit?id=`. */
import type { AnswerFields } from "../../../lib/answer-fields.ts";
import { askFields, Refusal } from "../../admin/client.ts";
import { timeOf } from "../../admin/fields.ts";
import { EVERY_MS, useLive } from "../../admin/live.ts";
import { Shown } from "../../parts/empty.tsx";
import { Table } from "../../parts/table.tsx";
import { useNow } from "../../parts/now.ts";
import { visible } from "../../words/text.ts";
import { clockTime, wholeTime } from "../../words/time.ts";

interface Deed {
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
  readonly outcome: string;
}

/** `elsewhere`: this server keeps none. */
const useDeeds = (id: string) =>
  useLive(
    `deeds ${id}`,
    async (signal): Promise<readonly Deed[] | "elsewhere"> => {
      try {
        const answer = await askFields(`/audit?${new URLSearchParams({ id }).toString()}`, { signal });
        return answer.raw["kept"] === false ? "elsewhere" : answer.objects("actions").map(deedOf);
      } catch (error) {
        if (error instanceof Refusal) return "elsewhere";
        throw error;
      }
    },
    EVERY_MS.counts,
  );

const deedOf = (fields: AnswerFields): Deed => {
  const via = fields.optionalText("via");
  const message = fields.optionalText("message");
  const outcome = fields.optionalText("outcome") ?? "";
  return {
    atMs: timeOf(fields, "at") ?? 0,
    who: fields.optionalText("who") ?? (via === "page" ? "this UI" : "a program"),
    what: fields.optionalText("action") ?? "",
    outcome: message === undefined ? outcome : `${outcome}: ${message}`,
  };
};

export function PeopleTable({ id }: { readonly id: string }) {
  const now = useNow();
  return (
    <Shown of={useDeeds(id)}>
      {(deeds) =>
        deeds === "elsewhere" ? (
          <p class="pad muted">
            This server keeps no list of what people did. In AWS, the log of the admin function has it.
          </p>
        ) : deeds.length === 0 ? (
          <p class="pad muted">Nobody has done anything to it by hand.</p>
        ) : (
          <Table class="tight" head={["When", "Who", "What", "Outcome"]}>
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
          </Table>
        )
      }
    </Shown>
  );
}
