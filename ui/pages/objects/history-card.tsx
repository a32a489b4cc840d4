/** What runs and what has ended on a key, the newest first. */
import type { Invocation } from "../../admin/invocation.ts";
import { Id } from "../../parts/names.tsx";
import { useNow } from "../../parts/now.ts";
import { Badge } from "../../parts/status.tsx";
import { Table } from "../../parts/table.tsx";
import { to } from "../../routes.ts";
import type { StatusLook } from "../../words/status.ts";
import { visible } from "../../words/text.ts";
import { clockTime, duration, ticking, wholeTime } from "../../words/time.ts";
import type { KeyData } from "./key-data.ts";

const STATE_EDIT = "~state";

interface HistoryProps {
  readonly title: string;
  readonly service: string;
  readonly keyText: string;
  readonly data: KeyData;
}

export function HistoryCard({ title, service, keyText, data }: HistoryProps) {
  const now = useNow();
  return (
    <section class="card" aria-label={title}>
      <header>
        <h2 class="grow">{title}</h2>
        <a class="sub" href={to.invocations({ service, key: keyText })}>
          as a list
        </a>
      </header>
      {data.history.length === 0 ? (
        <p class="pad muted">Nothing that is known here has run on this key.</p>
      ) : (
        <Table class="hist-t" head={["Status", "Handler", "Id", "Ended", { name: "Took", class: "r" }]}>
          {data.history.map((each) => (
            <HistoryRow key={each.id} of={each} nowMs={now} />
          ))}
        </Table>
      )}
      {(data.historyMore || !data.coversEnded) && (
        <p class="pad sub">
          {data.historyMore && "There is more: the list has all of it. "}
          {!data.coversEnded &&
            "This stack keeps no list of what has ended, so only what is in flight is shown."}
        </p>
      )}
    </section>
  );
}

/** An edit that came too late has failed, and changed nothing. */
function editLook(look: StatusLook): StatusLook {
  if (look.look === "ok") return { ...look, word: "State edited" };
  return look.word === "Failed 409" ? { ...look, word: "Overtaken" } : look;
}

function HistoryRow({ of, nowMs }: { readonly of: Invocation; readonly nowMs: number }) {
  const { id, target, completedMs, createdMs, look } = of;
  return (
    <tr class="go">
      <td class="nowrap">
        <Badge look={target.handler === STATE_EDIT ? editLook(look) : look} />
      </td>
      <td>
        <HandlerLink of={of} />
      </td>
      <td class="only-wide">
        <Id id={id} />
      </td>
      <td class="num nowrap in" title={completedMs === undefined ? undefined : wholeTime(completedMs)}>
        {completedMs === undefined ? "in flight" : clockTime(completedMs, nowMs)}
      </td>
      <td class="r num nowrap">
        {completedMs === undefined ? ticking(nowMs - createdMs) : duration(completedMs - createdMs)}
      </td>
    </tr>
  );
}

const HandlerLink = ({ of: { id, target, failure } }: { readonly of: Invocation }) => (
  <a class="strong" href={to.invocation(id)} title={failure && visible(failure.message)}>
    <bdi>{visible(target.handler)}</bdi>
  </a>
);
