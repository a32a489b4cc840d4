/** How a subscription is doing: what a list of them shows, and what one of them does. */
import { TICKS_SHOWN_MAX } from "../../lib/limits/events.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import { invocationOf, isRejection } from "../events/invocation-of.ts";
import type { KafkaStatus } from "../events/kafka/status.ts";
import { marksIn } from "../events/marks.ts";
import { nextTick } from "../events/schedule.ts";
import { readEvent } from "../events/shapes/event.ts";
import { resolveSink } from "../events/sink.ts";
import { lastFailure, type SourceFailure } from "../events/source-status.ts";
import type { Subscription } from "../events/subscription.ts";
import { isScheduled, lastTick, tickEvent } from "../events/tick.ts";
import { lagOf, viewConsumer } from "./consumer-view.ts";
import type { AdminPorts } from "./ports.ts";
import { viewTime } from "./value-view.ts";

const timeOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : viewTime(ms));

/** Null is what is not known here: in AWS who reads the source is no part of the runtime. */
export async function viewSubscriptionStatus(ports: AdminPorts, subscription: Subscription): Promise<object> {
  const consumer = await ports.sources?.status(subscription);
  return statusOf(ports, subscription, consumer, await lastFailure(ports.items, subscription.name));
}

/** `failure`: the door's last one. */
function statusOf(
  ports: AdminPorts,
  subscription: Subscription,
  consumer: KafkaStatus | undefined,
  failure: SourceFailure | undefined,
): object {
  const { sources, recordTally } = ports;
  const isRead = sources?.reads(subscription) === true;
  const totals = recordTally?.of(subscription.name);
  return {
    read_here: isRead,
    state: isRead ? (consumer?.state ?? (subscription.isPaused ? "paused" : "running")) : null,
    lag: consumer ? lagOf(consumer.partitions) : null,
    counts: totals
      ? {
          ...{ accepted: totals.accepted, repeated: totals.repeated },
          ...{ rejected: totals.rejected, failed: totals.failed },
          accepted_last_minute: totals.acceptedLastMinute,
        }
      : null,
    last_record_at: timeOrNull(consumer?.lastRecordAtMs),
    last_error: lastErrorOf(consumer, failure),
    ...(isScheduled(subscription) ? { next_tick: timeOrNull(ticksOf(ports, subscription)[0]) } : {}),
  };
}

/** The consumer's, or the door's: the later one. */
function lastErrorOf(consumer: KafkaStatus | undefined, door: SourceFailure | undefined): object | null {
  const own = consumer?.lastError;
  if (own && own.atMs > (door?.atMs ?? 0)) return { message: own.message, at: viewTime(own.atMs) };
  return door ? { message: door.message, at: viewTime(door.atMs) } : null;
}

/** Those that are yet to come, the next one first. While it is paused there are none. */
function ticksOf(
  { clock, sources }: AdminPorts,
  { schedule, createdAtMs, isPaused }: Subscription,
): readonly number[] {
  const ticks: number[] = [];
  if (!schedule || (isPaused && sources !== undefined)) return ticks;
  let at = nextTick(schedule, clock.now(), createdAtMs);
  while (at !== undefined && ticks.length < TICKS_SHOWN_MAX) {
    ticks.push(at);
    at = nextTick(schedule, at, createdAtMs);
  }
  return ticks;
}

/** All that is known of it. */
export async function viewCourse(ports: AdminPorts, subscription: Subscription): Promise<object> {
  const { items, sources } = ports;
  const lanes = (await marksIn(items, subscription)).map(({ lane, position, gaps, atMs }) => ({
    ...{ lane, accepted_to: position, accepted_at: viewTime(atMs) },
    left_out: gaps.map(([from, to]) => ({ from: String(from), to: String(to) })),
  }));
  const consumer = await sources?.status(subscription);
  const failed = await lastFailure(items, subscription.name);
  return {
    paused: subscription.isPaused,
    generation: subscription.generation,
    lanes,
    last_failure: failed
      ? {
          ...{ message: failed.message, record: failed.record, records: failed.records },
          at: viewTime(failed.atMs),
        }
      : null,
    status: statusOf(ports, subscription, consumer, failed),
    ...(consumer ? { perdure: viewConsumer(consumer) } : {}),
    ...(subscription.schedule ? await viewTicks(ports, subscription) : {}),
  };
}

/** As the schedule says, whoever makes the ticks. */
async function viewTicks(ports: AdminPorts, subscription: Subscription): Promise<object> {
  const next = ticksOf(ports, subscription);
  const last = await lastTick(ports.items, subscription);
  return {
    next_tick: timeOrNull(next[0]),
    next_ticks: next.map(viewTime),
    last_tick:
      last === undefined
        ? null
        : { at: viewTime(last), invocation_id: await invocationOfTick(ports, subscription, last) },
  };
}

/** Derived, as the door does: whether it is kept still is another question. Null: the handler is gone. */
async function invocationOfTick(
  { registry }: AdminPorts,
  subscription: Subscription,
  tickMs: number,
): Promise<string | null> {
  const sink = await resolveSink(registry, subscription.sink);
  if (typeof sink === "string") return null;
  const [record] = readEvent(tickEvent(subscription, tickMs), subscription.source, subscription).records;
  const start = record && invocationOf(subscription, sink, record, tickMs);
  return start === undefined || isRejection(start) ? null : shownId(start.id);
}
