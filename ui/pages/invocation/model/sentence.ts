/**
 * What a person would say of an invocation: in one or two sentences what it does, since when, why, and what happens next; and
 * below that where it came from and what hangs on it.
 */
import { to } from "../../../routes.ts";
import type { Target } from "../../../admin/invocation.ts";
import { targetText } from "../../../words/target.ts";
import { counted, shortId, visible } from "../../../words/text.ts";
import { clockTime, duration, ticking } from "../../../words/time.ts";
import { diedIn, failedIn } from "./attempts.ts";
import { type KeyLock, ordinal, placeIn } from "./lock.ts";
import { mismatchIn } from "./mismatch.ts";
import type { RetryPolicy } from "./policy.ts";
import type { Piece } from "../../../words/pieces.ts";
import { headlineOf } from "./stack.ts";
import type { Failing, Story } from "./story.ts";
import { waitInWords, waitNoun } from "../../../words/wait.ts";

export interface Said {
  readonly story: Story;
  readonly lock?: KeyLock | undefined;
  readonly policy?: RetryPolicy | undefined;
  /** Of the invocation that has called it, once it is known. */
  readonly caller?: Target | undefined;
  readonly nowMs: number;
}

export function sentenceOf(said: Said): readonly Piece[] {
  switch (said.story.invocation.status) {
    case "scheduled":
      return scheduled(said);
    case "pending":
      return parked(said);
    case "ready":
      return ["Accepted, and about to run", ...since(said.story.invocation.createdMs, said.nowMs), "."];
    case "running":
      return running(said);
    case "suspended":
      return suspended(said);
    case "backing-off":
      return retrying(said);
    case "paused":
      return paused(said);
    case "completed":
      return completed(said);
  }
}

const since = (ms: number, nowMs: number): readonly Piece[] => [", for ", { b: ticking(nowMs - ms) }];

function scheduled({ story: { invocation }, nowMs }: Said): readonly Piece[] {
  const dueMs = invocation.scheduledMs ?? nowMs;
  const left = dueMs - nowMs;
  const when = left > 0 ? `in ${left < 60_000 ? ticking(left + 999) : duration(left)}` : "now";
  return ["Starts at ", { b: clockTime(dueMs, nowMs) }, ", ", { b: when }, ". Until then nothing runs."];
}

function parked({ story: { invocation }, lock, nowMs }: Said): readonly Piece[] {
  const place = lock && placeIn(lock, invocation.id);
  const key: Piece = { b: visible(invocation.target.key ?? ""), mono: true };
  const as: readonly Piece[] =
    place === undefined || lock === undefined
      ? []
      : [" as ", { b: `${ordinal(place)} of ${Math.max(place, lock.waitingCount)}` }];
  return [
    ...["Has not begun. It waits for the key ", key, ...as, ...since(invocation.createdMs, nowMs)],
    ". One invocation after the other has the key, in the order of arrival.",
  ];
}

function running({ story, nowMs }: Said): readonly Piece[] {
  const { attempts, invocation, failing } = story;
  const last = attempts.at(-1);
  const fromMs = last?.outcome === "running" ? last.startedMs : invocation.modifiedMs;
  const runs: readonly Piece[] = ["Its code runs now", ...since(fromMs, nowMs), "."];
  if (failing !== undefined && invocation.retryCount > 0)
    return [
      ...[what(failing), " has failed ", { b: times(invocation.retryCount) } as Piece],
      ...[
        " and ",
        { b: "is tried again now" } as Piece,
        ", for ",
        { b: ticking(nowMs - fromMs) } as Piece,
        ".",
      ],
    ];
  const open = story.operations.filter(({ isOpen, kind }) => isOpen && kind === "call");
  const [call] = open;
  if (call === undefined) return runs;
  const name: Piece = { b: visible(call.title) };
  return [...runs, " It awaits ", name, ...(open.length > 1 ? [` and ${open.length - 1} more`] : []), "."];
}

function suspended({ story: { waiting, invocation }, nowMs }: Said): readonly Piece[] {
  if (waiting === undefined) return ["Suspended: it waits for something outside."];
  const pieces = waitInWords(waiting, nowMs);
  return ["Waits for ", ...pieces, pieces.length > 0 && invocation.status === "suspended" ? "." : ""];
}

const what = ({ name, type }: Failing): Piece => ({
  b: name ? `“${visible(name)}”` : type === "run" ? "A step" : "Its code",
});
const times = (count: number): string => (count === 1 ? "once" : count === 2 ? "twice" : `${count} times`);

function retrying({ story, policy, nowMs }: Said): readonly Piece[] {
  const { invocation, failing = {} } = story;
  const { nextRetryMs, retryCount } = invocation;
  const subject: readonly Piece[] =
    failing.name && failing.type === "run" ? ["The step ", what(failing)] : [what(failing)];
  const left = nextRetryMs === undefined ? 0 : nextRetryMs - nowMs;
  const next: readonly Piece[] =
    nextRetryMs === undefined || left <= 0
      ? [{ b: "is tried again now" }]
      : [
          `is tried again at ${clockTime(nextRetryMs, nowMs)}, `,
          { b: `in ${left < 60_000 ? ticking(left + 999) : duration(left)}` },
        ];
  return [
    ...[...subject, " has failed ", { b: times(Math.max(1, retryCount)) } as Piece, " and ", ...next, "."],
    ...afterLast(policy),
  ];
}

function afterLast(policy: RetryPolicy | undefined): readonly Piece[] {
  if (policy?.attemptsMax === undefined) return [];
  const then = policy.pausesAtLast ? "it pauses and waits for you" : "it fails for good";
  return [` After attempt ${policy.attemptsMax} ${then}.`];
}

function paused({ story: { invocation }, nowMs }: Said): readonly Piece[] {
  const { lastFailure, lastFailureCode, modifiedMs } = invocation;
  const begin: readonly Piece[] = [
    ...["Paused since ", { b: clockTime(modifiedMs, nowMs) } as Piece, ...since(modifiedMs, nowMs)],
  ];
  const end = " It will not go on by itself.";
  if (lastFailureCode === "RT0016") {
    const mismatch = mismatchIn(lastFailure ?? "");
    const was: readonly Piece[] =
      mismatch === undefined
        ? []
        : [
            " ",
            { b: `Operation ${mismatch.operation}` },
            ` was ${visible(mismatch.recorded)}, and is now ${visible(mismatch.now)}.`,
          ];
    return [...begin, ": the code no longer does what the journal recorded.", ...was, end];
  }
  if (lastFailure === undefined) return [...begin, ", by a person.", end];
  return [
    ...begin,
    `, after ${counted(Math.max(1, invocation.retryCount), "failed attempt")}: `,
    { b: visible(headlineOf(lastFailure)) },
    ".",
    end,
  ];
}

function completed(said: Said): readonly Piece[] {
  const { story } = said;
  const { invocation } = story;
  const { failure, completedMs = invocation.modifiedMs, createdMs, look } = invocation;
  const took: Piece = { b: duration(completedMs - createdMs) };
  if (look.look === "cancelled") {
    const why = /kill/iu.test(failure?.message ?? "") ? "Killed" : "Cancelled";
    return [{ b: why }, " after ", took, ".", ...onTheWay(story)];
  }
  if (failure !== undefined)
    return [
      "Failed with ",
      { b: String(failure.code) },
      " after ",
      took,
      ": ",
      { b: visible(headlineOf(failure.message)) },
      ".",
      ...onTheWay(story),
    ];
  const returned =
    story.output?.text === "" || story.output === undefined ? "Ended well" : "Returned a result";
  return [returned, " after ", took, ".", ...onTheWay(story)];
}

/** Crashes and failures that did no harm: this is what durable means. */
function onTheWay({ attempts, operations, events }: Story): readonly Piece[] {
  const died = Math.max(diedIn(attempts).length, events.filter(({ kind }) => kind === "crash").length);
  const failed = Math.max(0, failedIn(attempts).length - (died > diedIn(attempts).length ? died : 0));
  if (died === 0 && failed === 0) return [];
  const parts: Piece[] = [" On the way "];
  if (died > 0) {
    const first = diedIn(attempts)[0]?.endedMs ?? events.find(({ kind }) => kind === "crash")?.atMs;
    const last = operations.findLast(
      ({ kind, endMs }) => kind === "step" && endMs !== undefined && endMs <= (first ?? 0),
    );
    parts.push("its process ", { b: `crashed ${times(died)}` });
    if (last !== undefined) parts.push(`, after “${visible(last.title)}” was recorded`);
  }
  if (failed > 0) parts.push(died > 0 ? ", and " : "", { b: counted(failed, "attempt") }, " failed");
  parts.push(". What was recorded was taken from the journal and did not run again.");
  return parts;
}

/** Where it came from, and what hangs on it. */
export function causeOf({ story, lock, caller, nowMs }: Said): readonly Piece[] {
  const { invocation } = story;
  return [
    ...calledBy(story, caller, nowMs),
    ...keyOf(story, lock),
    ...(invocation.status === "suspended"
      ? [` Suspended for ${ticking(nowMs - invocation.modifiedMs)}: nothing runs, and nothing is paid for.`]
      : []),
    ...recorded(story),
  ];
}

function calledBy(
  { invocation, origin: record }: Story,
  caller: Target | undefined,
  nowMs: number,
): readonly Piece[] {
  const { fields, invokedById, createdMs } = invocation;
  const ago = ` ${ticking(nowMs - createdMs)} ago.`;
  const origin = fields.optionalText("restarted_from");
  if (origin !== undefined)
    return ["Restarted from ", { a: "another invocation", href: to.invocation(origin) }, ago];
  if (record !== undefined) {
    const name = visible(record.name ?? shortId(record.subscription));
    return [
      "A record of ",
      { a: name, href: to.subscription(record.name ?? record.subscription) },
      " came",
      ago,
    ];
  }
  if (invokedById === undefined) return [`Called over HTTP${ago}`];
  const name = caller === undefined ? "another invocation" : targetText(caller);
  return ["Called by ", { a: name, href: to.invocation(invokedById) }, ago];
}

function keyOf({ invocation: { id, target, status } }: Story, lock: KeyLock | undefined): readonly Piece[] {
  if (lock?.ownerId !== id || target.key === undefined || status === "completed") return [];
  const key: Piece = { a: visible(target.key), href: to.object(target.service, target.key), mono: true };
  if (lock.waitingCount === 0) return [" Holds the key ", key, "."];
  const who =
    lock.waitingCount === 1 ? "1 other waits behind it" : `${lock.waitingCount} others wait behind it`;
  const behind = to.invocations({ service: target.service, key: target.key });
  return [" Holds the key ", key, ": ", { a: who, href: behind }, "."];
}

function recorded({
  invocation: { status, look },
  operations,
  failing,
  attempts,
  entriesLeft,
}: Story): readonly Piece[] {
  const steps = operations.filter(({ kind }) => kind === "step").length;
  if (status === "completed") {
    const turns = attempts.length > 1 ? `${counted(attempts.length, "turn")}, ` : "";
    if (steps === 0) return [];
    return look.look === "ok"
      ? [
          ` ${turns}${entriesLeft > 0 ? "at least " : ""}${counted(steps, "step")}, each recorded exactly once.`,
        ]
      : [];
  }
  if (operations.length === 0) return [];
  const name = failing?.name;
  return failing === undefined
    ? []
    : [` Everything before ${name ? `“${visible(name)}”` : "it"} is recorded and will not run again.`];
}

/** Beside the word of the status: its next moment, or what it waits for. */
export function badgeMore({ story, lock, nowMs }: Said): string | undefined {
  const { invocation, waiting } = story;
  const { status, nextRetryMs, scheduledMs, completedMs, createdMs, id } = invocation;
  const inWords = (ms: number): string =>
    ms <= nowMs ? ", now" : `, in ${ms - nowMs < 60_000 ? ticking(ms - nowMs + 999) : duration(ms - nowMs)}`;
  if (status === "backing-off" && nextRetryMs !== undefined) return `, again${inWords(nextRetryMs).slice(1)}`;
  if (status === "scheduled" && scheduledMs !== undefined) return inWords(scheduledMs);
  if (status === "suspended" && waiting !== undefined) return `, waits for ${waitNoun(waiting)}`;
  if (status === "paused") return ", needs you";
  if (status === "completed" && completedMs !== undefined) return ` in ${duration(completedMs - createdMs)}`;
  const place = status === "pending" && lock ? placeIn(lock, id) : undefined;
  return place === undefined || lock === undefined
    ? undefined
    : `, ${ordinal(place)} of ${Math.max(place, lock.waitingCount)}`;
}
