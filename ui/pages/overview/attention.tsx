/** What needs somebody: what, which, since when, why, and what to do next. */
import { useState } from "preact/hooks";
import { serverNow } from "../../admin/client.ts";
import type { Attention } from "../../admin/overview.ts";
import { useServer } from "../../admin/server.ts";
import { Card } from "../../parts/card.tsx";
import { TargetName } from "../../parts/names.tsx";
import { useNow } from "../../parts/now.ts";
import { Badge } from "../../parts/status.tsx";
import { toast } from "../../parts/toast.tsx";
import { Table } from "../../parts/table.tsx";
import { to } from "../../routes.ts";
import { lookOf } from "../../words/status.ts";
import { messageOf, visible } from "../../words/text.ts";
import { clockTime, ticking, wholeTime } from "../../words/time.ts";
import { BulkDialog } from "../invocations/bulk-dialog.tsx";
import { type Gathered, gatherAll } from "../invocations/bulk.ts";
import { filterOfGroup, groupWords, whatWords, whyOf } from "./overview-words.ts";

export function NeedsAttention({ groups }: { readonly groups: readonly Attention[] }) {
  const [gathered, setGathered] = useState<Gathered>();
  const resume = async (group: Attention): Promise<void> => {
    try {
      const wanted = { filter: filterOfGroup(group), scan: false };
      setGathered(await gatherAll(wanted, serverNow(), new AbortController().signal));
    } catch (error) {
      toast(`They could not be looked up: ${messageOf(error)}`);
    }
  };
  return (
    <Card
      title="Needs attention"
      aside={
        <a class="sub" href={to.invocations({ status: "backing-off,paused" })}>
          as a list
        </a>
      }
    >
      <Table class="st-t attention" head={["What", "Which", "Since", "Why", { name: "Next", class: "r" }]}>
        {groups.map((group) => (
          <Group
            key={`${group.status} ${group.target.service} ${group.target.handler} ${group.oldestId}`}
            of={group}
            onResume={() => void resume(group)}
          />
        ))}
      </Table>
      {gathered && (
        <BulkDialog
          verb="resume"
          rows={gathered.rows}
          isCut={gathered.isCut}
          onClose={() => setGathered(undefined)}
          onDone={() => {}}
        />
      )}
    </Card>
  );
}

interface GroupProps {
  readonly of: Attention;
  readonly onResume: () => void;
}

function Group({ of, onResume }: GroupProps) {
  const now = useNow();
  const { quote, text } = whyOf(of, now);
  const href = hrefOf(of);
  return (
    <tr class="go">
      <td class="nowrap">
        <a class="badge-link" href={href}>
          <Badge look={{ ...lookOf(of.status), word: whatWords(of) }} />
        </a>
      </td>
      <td class="which">
        <TargetName of={of.target} href={href} />
        <div class="sub">{groupWords(of)}</div>
      </td>
      <td class="nowrap num" title={wholeTime(of.sinceMs)}>
        {ticking(now - of.sinceMs)}
        <div class="sub only-wide">since {clockTime(of.sinceMs, now)}</div>
      </td>
      <td class="full">
        <div class="clamp2">
          {quote !== undefined && <bdi class="mono">{visible(quote)}</bdi>}{" "}
          {of.errorCode !== undefined && <span class="mono sub">{of.errorCode}</span>}{" "}
          <span class={quote === undefined ? "" : "sub"}>{text}</span>
        </div>
      </td>
      <td class="r full nowrap">
        <Next of={of} href={href} onResume={onResume} />
      </td>
    </tr>
  );
}

/** Where one looks: at the only one, at the key, or at the list. */
function hrefOf(group: Attention): string {
  const { status, count, target, oldestId } = group;
  if (status === "pending" && target.key !== undefined) return to.object(target.service, target.key);
  return count === 1 ? to.invocation(oldestId) : to.invocations(filterOfGroup(group));
}

function Next({ of, href, onResume }: GroupProps & { readonly href: string }) {
  const { status, count } = of;
  const isReadOnly = useServer().data?.isReadOnly === true;
  if (status === "paused" && !isReadOnly)
    return (
      <button type="button" class="b sm p" onClick={onResume}>
        {count === 1 ? "Resume…" : `Resume ${count.toLocaleString("en-GB")}…`}
      </button>
    );
  const words =
    status === "pending" ? "Open the key" : count === 1 ? "Look" : `Look at ${count.toLocaleString("en-GB")}`;
  return (
    <a class="b sm" href={href}>
      {words}
    </a>
  );
}
