/** Event sources: whose records become invocations of what, how each is doing, and what was set aside. */
import { useRef } from "preact/hooks";
import {
  REJECTED_SHOWN,
  type RejectedRecord,
  type SubscriptionInfo,
  useRejected,
  useSubscriptions,
} from "../../admin/subscriptions.ts";
import { Empty, Shown } from "../../parts/empty.tsx";
import { Icon } from "../../parts/icon.tsx";
import { useNow } from "../../parts/now.ts";
import { useRowKeys } from "../../parts/rows.ts";
import { Say } from "../../parts/say.tsx";
import { Stale } from "../../parts/stale.tsx";
import { Badge } from "../../parts/status.tsx";
import { Table } from "../../parts/table.tsx";
import { to } from "../../routes.ts";
import { targetText } from "../../words/target.ts";
import { visible, visibleName } from "../../words/text.ts";
import { clockTime, wholeTime } from "../../words/time.ts";
import {
  agoInWords,
  countsInWords,
  eventsSentence,
  lookOfSubscription,
  rateInWords,
  titleOf,
} from "./events-words.ts";
import { RejectedCard } from "./rejected-card.tsx";

export function Events() {
  const subscriptions = useSubscriptions();
  const rejected = useRejected();
  return (
    <>
      <h1 class="sr">Events</h1>
      <Stale of={subscriptions} />
      <Shown of={subscriptions}>{(all) => <Found all={all} rejected={rejected.data ?? []} />}</Shown>
    </>
  );
}

interface FoundProps {
  readonly all: readonly SubscriptionInfo[];
  readonly rejected: readonly RejectedRecord[];
}

function Found({ all, rejected }: FoundProps) {
  const list = useRef<HTMLElement>(null);
  useRowKeys("Lists", list);
  const now = useNow();
  if (all.length === 0) return <NoSubscriptions />;
  const setAside = new Map(
    [...Map.groupBy(rejected, ({ subscription }) => subscription)].map(([name, own]) => [name, own.length]),
  );
  return (
    <>
      <Say of={eventsSentence(all, rejected.length, rejected.length >= REJECTED_SHOWN)} />
      <section class="card" ref={list} aria-label="Subscriptions">
        <Table
          class="sub-t"
          head={[
            "State",
            "Subscription",
            "Starts",
            { name: "Lag", class: "r" },
            { name: "Rate", class: "r" },
            "Records",
          ]}
        >
          {all.map((each) => (
            <Row key={each.id} of={each} waiting={setAside.get(each.name) ?? 0} nowMs={now} />
          ))}
        </Table>
      </section>
      {rejected.length > 0 && <RejectedCard all={rejected} />}
    </>
  );
}

const NoSubscriptions = () => (
  <Empty title="Nothing is subscribed to.">
    <p>
      A subscription lets the records of a source become invocations of a handler: each once, and in the order
      of its key. A schedule is one, too:
    </p>
    <pre class="code">
      {
        'perdure subscriptions create kafka://main/orders service://Orders/place --name orders\nperdure subscriptions create schedule://nightly service://Reports/build "perdure.schedule=0 2 * * *"'
      }
    </pre>
  </Empty>
);

interface RowProps {
  readonly of: SubscriptionInfo;
  /** Records that were set aside. */
  readonly waiting: number;
  readonly nowMs: number;
}

function Row({ of, waiting, nowMs }: RowProps) {
  const { name, source, lag, counts, lastError, nextTickMs } = of;
  return (
    <tr class="go" data-row>
      <td class="nowrap">
        <Badge look={lookOfSubscription(of)} />
      </td>
      <td class="in full">
        <a class="strong" href={to.subscription(name)}>
          <bdi>{visibleName(titleOf(of))}</bdi>
        </a>
        <div class="sub mono cut" title={visibleName(source)}>
          <bdi>{visibleName(source)}</bdi>
        </div>
        {lastError !== undefined && (
          <div class="sub clamp2" title={visible(lastError.message)}>
            <Icon name="warn" small /> {agoInWords(nowMs - lastError.atMs)}: {visible(lastError.message)}
          </div>
        )}
      </td>
      <td class="full">
        <SinkLink of={of} />
        {nextTickMs !== undefined && (
          <div class="sub" title={wholeTime(nextTickMs)}>
            next at {clockTime(nextTickMs, nowMs)}
          </div>
        )}
      </td>
      <td class="r num only-wide">{lag === undefined ? "" : lag.toLocaleString("en-GB")}</td>
      <td class="r num nowrap only-wide">{rateInWords(counts?.lastMinute)}</td>
      <td class="full">
        {countsInWords(of)}
        {counts !== undefined && (
          <div class="only-phone">
            {rateInWords(counts.lastMinute)}
            {lag === undefined ? "" : `, ${lag.toLocaleString("en-GB")} behind`}
          </div>
        )}
        {waiting > 0 && (
          <div class="warned">
            {waiting} set aside {waiting === 1 ? "waits" : "wait"} for you
          </div>
        )}
      </td>
    </tr>
  );
}

export const SinkLink = ({ of: { sink } }: { readonly of: SubscriptionInfo }) => (
  <a class="nowrap" href={to.service(sink.service)}>
    <bdi>{targetText(sink)}</bdi>
  </a>
);
