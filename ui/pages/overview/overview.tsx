/** The overview: what is the matter first, in a sentence; then what proves it. */
import { EVERY_MS } from "../../admin/live.ts";
import type { OverviewAnswer } from "../../admin/overview.ts";
import { useServices } from "../../admin/services.ts";
import { useOverview } from "../../admin/use-overview.ts";
import { Shown } from "../../parts/empty.tsx";
import { Stale } from "../../parts/stale.tsx";
import { useNow } from "../../parts/now.ts";
import { to } from "../../routes.ts";
import { NeedsAttention } from "./attention.tsx";
import { EndedChart } from "./chart.tsx";
import { FirstMinute } from "./first-minute.tsx";
import { Handlers } from "./handlers.tsx";
import { inFlight, sentenceOf } from "./overview-words.ts";
import { Tiles } from "./tiles.tsx";

export function Overview() {
  const loaded = useOverview(EVERY_MS.screen);
  return (
    <>
      <h1 class="sr">Overview</h1>
      <Stale of={loaded} />
      <Shown of={loaded}>{(answer) => <Answer of={answer} />}</Shown>
    </>
  );
}

const isNothingYet = ({ counts, isComplete }: OverviewAnswer): boolean =>
  counts !== undefined && isComplete && inFlight(counts) === 0 && (counts.completed ?? 0) === 0;

function Answer({ of }: { readonly of: OverviewAnswer }) {
  const services = useServices().data ?? [];
  const now = useNow();
  if (isNothingYet(of))
    return (
      <section class="card">
        <FirstMinute />
      </section>
    );
  const { counts, isComplete, attention = [], minutes, handlers = [] } = of;
  const { strong, rest, isWell } = sentenceOf(of, now);
  return (
    <>
      <section class="lead">
        <p class="say" aria-live="polite">
          <b>{strong}</b> {rest}
        </p>
        {isWell && (
          <p class="sub">
            <a href={to.invocations({ status: "open" })}>See what is in flight</a>
          </p>
        )}
      </section>
      {attention.length > 0 && <NeedsAttention groups={attention} />}
      {counts !== undefined && <Tiles {...{ counts, isComplete, attention }} />}
      {minutes !== undefined && <EndedChart minutes={minutes} attention={attention} />}
      {handlers.length > 0 && <Handlers {...{ handlers, services }} />}
      {minutes === undefined && (
        <p class="note">
          What has ended, how fast and how often is CloudWatch’s to know: look at the stack’s dashboard. Here
          it stands only where the server counts it itself.
        </p>
      )}
    </>
  );
}
