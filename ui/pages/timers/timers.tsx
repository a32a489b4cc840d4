/** What is due when. */
import { query } from "../../admin/client.ts";
import { useLive } from "../../admin/live.ts";
import { Empty, Shown } from "../../parts/empty.tsx";
import { Id } from "../../parts/names.tsx";
import { useNow } from "../../parts/now.ts";
import { Stale } from "../../parts/stale.tsx";
import { Badge } from "../../parts/status.tsx";
import { Table } from "../../parts/table.tsx";
import { to } from "../../routes.ts";
import { lookOf, type Status } from "../../words/status.ts";
import { visibleName } from "../../words/text.ts";
import { wholeTime } from "../../words/time.ts";
import {
  COUNTS_QUERY,
  dayBefore,
  dueWords,
  KINDS,
  sentenceOf,
  type Timer,
  timerCountOf,
  type TimerCount,
  type TimerKind,
  timerOf,
  TIMERS_MAX,
  TIMERS_QUERY,
  timeWords,
} from "./timers-load.ts";

interface Loaded {
  readonly timers: readonly Timer[];
  readonly counts: readonly TimerCount[];
}

export function Timers() {
  const loaded = useLive("timers", async (signal): Promise<Loaded> => {
    const [timers, counts] = await Promise.all([
      query(TIMERS_QUERY, { signal }),
      query(COUNTS_QUERY, { signal }),
    ]);
    return { timers: timers.map(timerOf), counts: counts.map(timerCountOf) };
  });
  return (
    <>
      <h1 class="sr">Timers</h1>
      <Stale of={loaded} />
      <Shown of={loaded}>{(data) => <Found {...data} />}</Shown>
    </>
  );
}

function Found({ timers, counts }: Loaded) {
  const now = useNow();
  const { strong, rest } = sentenceOf(timers, counts, now);
  if (timers.length === 0)
    return (
      <section class="card">
        <Empty title="Nothing waits for a time.">
          <p>
            A sleep (<code>ctx.sleep</code>), a delayed send and the next try of what has failed stand here,
            the next one first. A timer costs nothing while it waits, a year as little as a minute.
          </p>
          <p>
            <a class="b" href={to.invocations({ status: "suspended" })}>
              See what is suspended
            </a>
          </p>
        </Empty>
      </section>
    );
  return (
    <>
      <section class="lead">
        <p class="say">
          <b>{strong}</b> {rest}
        </p>
        <p class="row wrap">
          {counts.map(({ kind, count }) => (
            <a key={kind} class="b sm" href={to.invocations({ status: STATUS_OF[kind] })}>
              <Badge look={lookOfKind(kind)} />
              {count.toLocaleString("en-GB")}
            </a>
          ))}
        </p>
      </section>
      <section class="card">
        <Table class="timers" head={["Due", "At", "What", "Invocation"]}>
          {timers.slice(0, TIMERS_MAX).map((timer, index) => (
            <Row
              key={`${timer.id} ${timer.kind} ${timer.dueMs} ${index}`}
              timer={timer}
              day={dayBefore(timer, timers[index - 1], now)}
              now={now}
            />
          ))}
        </Table>
      </section>
      {timers.length > TIMERS_MAX && (
        <p class="muted">
          These are the next {TIMERS_MAX}.{" "}
          <a href={to.sql("SELECT * FROM perdure_timers ORDER BY due_at LIMIT 1000")}>See more with SQL</a>
        </p>
      )}
    </>
  );
}

const STATUS_OF: Readonly<Record<TimerKind, Status>> = {
  sleep: "suspended",
  retry: "backing-off",
  start: "scheduled",
};
const lookOfKind = (kind: TimerKind) => ({ ...lookOf(STATUS_OF[kind]), word: KINDS[kind].word });

interface RowProps {
  readonly timer: Timer;
  readonly day: string | undefined;
  readonly now: number;
}

const Row = ({ timer, day, now }: RowProps) => (
  <>
    {day !== undefined && (
      <tr class="day">
        <th colSpan={4} scope="rowgroup">
          {day}
        </th>
      </tr>
    )}
    <tr class="go">
      <td class="num nowrap due">
        <b>{dueWords(timer.dueMs, now)}</b>
      </td>
      <td class="num nowrap" title={wholeTime(timer.dueMs)}>
        {timeWords(timer, now)}
      </td>
      <td class="nowrap">
        <Badge look={lookOfKind(timer.kind)} />
      </td>
      <td class="full target">
        <a class="cut" href={to.invocation(timer.id)} title={visibleName(timer.target)}>
          <bdi>{visibleName(timer.target)}</bdi>
        </a>
        <Id id={timer.id} />
      </td>
    </tr>
  </>
);
