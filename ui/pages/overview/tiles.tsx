/** How many there are of each status. Each is a link to its list. */
import type { Attention, Counts } from "../../admin/overview.ts";
import { useNow } from "../../parts/now.ts";
import { Icon } from "../../parts/icon.tsx";
import { to } from "../../routes.ts";
import { lookOf, type Status } from "../../words/status.ts";
import { tileWords } from "./tile-words.ts";

const TILES: readonly Status[] = ["running", "suspended", "pending", "backing-off", "paused", "scheduled"];

interface TilesProps {
  readonly counts: Counts;
  readonly isComplete: boolean;
  readonly attention: readonly Attention[];
}

export function Tiles({ counts, isComplete, attention }: TilesProps) {
  const now = useNow();
  return (
    <section class="card" aria-label="In flight">
      <div class="tiles">
        {TILES.map((status) => {
          const { look, icon, word } = lookOf(status);
          const count = counts[status] ?? 0;
          return (
            <a key={status} class="tile" href={to.invocations({ status })}>
              <span class={`st s-${look} plain`}>
                <Icon name={icon} />
                {word}
              </span>
              <b>
                {isComplete || count === 0 ? "" : "≥ "}
                {count.toLocaleString("en-GB")}
              </b>
              <span class="sub">{tileWords(status, counts, attention, now)}</span>
            </a>
          );
        })}
      </div>
    </section>
  );
}
