/** What is in flight, by status; each leads to its list. */
import { Badge } from "../../parts/status.tsx";
import { to } from "../../routes.ts";
import { lookOf } from "../../words/status.ts";
import { type HandlerLoad, inOrder } from "./in-flight.ts";

interface LoadProps {
  /** Absent: not counted yet. */
  readonly of: HandlerLoad | undefined;
  readonly filter: Readonly<Record<string, string>>;
}

export function Load({ of, filter }: LoadProps) {
  if (of === undefined) return null;
  if (of.inFlight === 0) return <span class="faint">nothing</span>;
  return (
    <span class="row wrap">
      {inOrder(of).map(([status, count]) => {
        const look = lookOf(status);
        return (
          <a key={status} href={to.invocations({ ...filter, status })} aria-label={`${count} ${look.word}`}>
            <Badge look={{ ...look, word: `${count} ${look.word.toLowerCase()}` }} />
          </a>
        );
      })}
    </span>
  );
}
