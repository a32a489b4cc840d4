/** All that is known of one invocation, for its page and, as far as it goes, for those that it has called. */
import type { AnswerFields } from "../../../../lib/answer-fields.ts";
import { type Invocation, invocationOf } from "../../../admin/invocation.ts";
import { present, timeOf } from "../../../admin/fields.ts";
import { type RecordOrigin, recordOriginOf } from "../../../words/record-origin.ts";
import { type Attempt, attemptsOf } from "./attempts.ts";
import type { Journal, Shown } from "./journal.ts";
import { type Operation, operationsOf } from "./operations.ts";
import { openOf } from "./open-wait.ts";
import type { Waiting } from "../../../words/wait.ts";

/** The operation in which the last attempt failed. */
export interface Failing {
  readonly command?: number;
  readonly type?: string;
  readonly name?: string;
}

/** What a person did to it by the development strip. */
export interface DevEvent {
  readonly atMs: number;
  readonly kind: string;
  readonly message: string;
}

export interface Story {
  readonly invocation: Invocation;
  /** When it first ran. */
  readonly startedMs?: number;
  readonly attempts: readonly Attempt[];
  /** Turns that are not in `attempts`: the history is bounded. */
  readonly attemptsLeftOut: number;
  readonly operations: readonly Operation[];
  readonly waiting?: Waiting;
  /** Of one that a record of an event source has started. */
  readonly origin?: RecordOrigin;
  readonly failing?: Failing;
  readonly stack?: string;
  readonly events: readonly DevEvent[];
  readonly input?: Shown;
  readonly output?: Shown;
  /** Entries that were not loaded: the journal is longer than what the page shows at first. */
  readonly entriesLeft: number;
}

export function storyOf(
  fields: AnswerFields,
  journal: Journal | undefined,
  events: readonly DevEvent[] = [],
): Story {
  const invocation = invocationOf(fields);
  const attempts = attemptsOf(fields);
  const operations = operationsOf(journal?.entries ?? []);
  const failing = failingIn(invocation);
  const { createdMs, completedMs = Infinity } = invocation;
  // A jump of the clock is about every invocation; of one that had ended it says nothing.
  const own = events.filter(
    ({ kind, atMs }) => kind !== "clock" || (atMs >= createdMs && atMs <= completedMs),
  );
  const waiting =
    invocation.status === "suspended"
      ? (withNames(invocation.waiting, operations) ?? openOf(operations))
      : undefined;
  return {
    ...{ invocation, attempts, operations, events: own },
    ...present("startedMs", timeOf(fields, "started_at") ?? attempts[0]?.startedMs),
    attemptsLeftOut: fields.optionalNumber("attempts_left_out") ?? 0,
    ...present("waiting", waiting),
    ...present("failing", failing),
    ...present("origin", originIn(fields, journal)),
    ...present("stack", fields.optionalText("last_failure_stack")),
    ...present("input", journal?.input),
    ...present("output", journal?.output),
    entriesLeft: Math.max(0, invocation.journalSize - (journal?.entries.length ?? 0)),
  };
}

const originIn = (fields: AnswerFields, journal: Journal | undefined): RecordOrigin | undefined =>
  recordOriginOf(fields.optionalText("invoked_by_subscription_id"), journal?.headers);

/** A leaf names its command only; the journal knows what the user calls it. */
function withNames(wait: Waiting | undefined, operations: readonly Operation[]): Waiting | undefined {
  if (wait === undefined) return undefined;
  const own = operations.find(({ command }) => command !== undefined && command === wait.command);
  return {
    ...wait,
    ...present("name", wait.name ?? own?.name),
    ...present("invocationId", wait.invocationId ?? own?.invokedId),
    ...present("target", wait.target ?? own?.invokedTarget),
    parts: wait.parts.flatMap((part) => withNames(part, operations) ?? []),
  };
}

/** What is recorded by now has not failed for good: an attempt after the failed one got through. */
function failingIn({ fields, lastFailure, status }: Invocation): Failing | undefined {
  if (lastFailure === undefined || status === "completed" || status === "suspended") return undefined;
  return {
    ...present("command", fields.optionalNumber("last_failure_related_command_index")),
    ...present("type", fields.optionalText("last_failure_related_command_type")),
    ...present("name", fields.optionalText("last_failure_related_command_name")),
  };
}
