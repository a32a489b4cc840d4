/**
 * `GET /overview`: what is open, what has ended lately, and what needs attention, in one answer.
 *
 * A server on this machine knows it all from the writes that it makes ({@link Tally}), and reads nothing. In AWS the oldest open
 * invocations are read through the index, and their answer is given again for a while; what has ended is CloudWatch's to know.
 */
import { STATUS_VIEWS, type StatusView } from "../invocation-view.ts";
import type { InvocationIndex } from "../invocation-index.ts";
import type { Clock, Listing } from "../../../lib/ports.ts";
import { viewTime } from "../value-view.ts";
import {
  OVERVIEW_HEADS_MAX,
  OVERVIEW_KEPT_MS,
  OVERVIEW_QUICK_MS,
  OVERVIEW_REST,
} from "../../../lib/limits/ui.ts";
import { shownId } from "../../../lib/model/shown-id.ts";
import { type AttentionGroup, attentionOf } from "./groups.ts";
import { type OpenSummary, openOf } from "./open.ts";
import type { HandlerSeries } from "./series.ts";
import type { Tally } from "./tally.ts";

export interface OverviewPorts {
  /** Absent: what is open is read. */
  readonly tally?: Tally;
  readonly listing?: Listing;
  readonly clock: Clock;
}

type Counts = Partial<Record<StatusView, number>>;

interface Made {
  readonly atMs: number;
  readonly tookMs: number;
  readonly answer: object;
}

const OPEN: readonly StatusView[] = STATUS_VIEWS.filter((status) => status !== "completed");

export class Overview {
  readonly #ports: OverviewPorts;
  readonly #index: InvocationIndex;
  #made: Made | undefined;
  #making: Promise<object> | undefined;

  constructor(ports: OverviewPorts, index: InvocationIndex) {
    this.#ports = ports;
    this.#index = index;
  }

  async answer(): Promise<object> {
    const { tally, clock } = this.#ports;
    if (tally) return this.#counted(tally);
    const isFresh = this.#made !== undefined && clock.now() - this.#made.atMs < OVERVIEW_KEPT_MS;
    if (isFresh && this.#made) return this.#made.answer;
    this.#making ??= this.#read().finally(() => (this.#making = undefined));
    return await this.#making;
  }

  #counted(tally: Tally): object {
    const nowMs = this.#ports.clock.now();
    const made = this.#made;
    const isDear = made !== undefined && made.tookMs >= OVERVIEW_QUICK_MS;
    if (isDear && nowMs < made.atMs + OVERVIEW_REST * made.tookMs) return made.answer;
    const open = tally.open();
    const { series, ended, isOpenComplete } = tally;
    const handlers = new Map(
      series.handlers(nowMs).map((each) => [nameOf(each.service, each.handler), each]),
    );
    const answer = {
      now: viewTime(nowMs),
      counts: { ...countsOf(open), completed: ended.count },
      complete: isOpenComplete && !ended.isLowerBound,
      source: "memory",
      handlers: viewHandlers(open, handlers),
      minutes: series
        .minutes(nowMs)
        .map(({ atMs, succeeded, failed }) => ({ at: viewTime(atMs), succeeded, failed })),
      attention: attentionOf(
        open,
        nowMs,
        (service, handler) => handlers.get(nameOf(service, handler))?.p95Ms,
      ).map(viewGroup),
    };
    this.#made = { atMs: nowMs, tookMs: this.#ports.clock.now() - nowMs, answer };
    return answer;
  }

  async #read(): Promise<object> {
    const { clock, listing } = this.#ports;
    const nowMs = clock.now();
    // Without an index of them every head would be read.
    const page =
      listing?.parts.includes("open") === true
        ? await this.#index.list({ statuses: OPEN }, { limit: OVERVIEW_HEADS_MAX })
        : undefined;
    const open = page?.found.flatMap(({ id, head }) => openOf(id, head) ?? []);
    const answer = {
      now: viewTime(nowMs),
      counts: open === undefined ? null : countsOf(open),
      complete: false,
      source: "index",
      handlers: open === undefined ? null : viewHandlers(open),
      minutes: null,
      attention: open === undefined ? null : attentionOf(open, nowMs, () => undefined).map(viewGroup),
    };
    this.#made = { atMs: nowMs, tookMs: 0, answer };
    return answer;
  }
}

const nameOf = (service: string, handler: string): string => JSON.stringify([service, handler]);

function countsOf(open: Iterable<OpenSummary>): Counts {
  const counts: Counts = {};
  for (const { status } of open) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** `series`: absent: what has ended is not known. */
function viewHandlers(
  open: readonly OpenSummary[],
  series?: ReadonlyMap<string, HandlerSeries>,
): readonly object[] {
  const groups = Map.groupBy(open, ({ service, handler }) => nameOf(service, handler));
  const names = new Set([...groups.keys(), ...(series?.keys() ?? [])]);
  return [...names].toSorted().map((name) => {
    const [service, handler] = JSON.parse(name) as [string, string];
    const of = groups.get(name) ?? [];
    return {
      ...{ service, handler, in_flight: of.length, by_status: countsOf(of) },
      ...(series ? viewSeries(series.get(name)) : NOT_KNOWN),
    };
  });
}

const NOT_KNOWN = { ended: null, failed: null, p50_ms: null, p95_ms: null, attempts: null };

function viewSeries(series: HandlerSeries | undefined): object {
  const { succeeded = 0, failed = 0, failedAttempts = 0, p50Ms, p95Ms } = series ?? {};
  const ended = succeeded + failed;
  return {
    ...{ ended, failed, p50_ms: p50Ms ?? null, p95_ms: p95Ms ?? null },
    attempts: ended === 0 ? null : Math.round((100 * (ended + failedAttempts)) / ended) / 100,
  };
}

const viewGroup = ({ oldest, dueAtMs, errorCode, usualMs, ...group }: AttentionGroup): object => ({
  ...group,
  oldest_id: shownId(oldest.id),
  oldest_since: viewTime(oldest.sinceMs),
  ...(dueAtMs === undefined ? {} : { next_at: viewTime(dueAtMs) }),
  ...(errorCode === undefined ? {} : { error_code: errorCode }),
  ...(usualMs === undefined ? {} : { usual_ms: usualMs }),
});
