/** The bars of the lanes: how long it was in a queue, when its code ran, and what was between. */
import { duration } from "../../../words/time.ts";
import type { Attempt } from "../model/attempts.ts";
import type { Story } from "../model/story.ts";
import type { Bar, Mark } from "./row.ts";

/** From the acceptance to the first turn; a delayed start before that. */
export function queueBars({ invocation, startedMs }: Story, nowMs: number): readonly Bar[] {
  const { createdMs, scheduledMs = createdMs, status, completedMs } = invocation;
  // Of an older one nothing is known but that it has run.
  if (startedMs === undefined && (status === "completed" || hasRun(status))) return [];
  const toMs = Math.max(createdMs, startedMs ?? completedMs ?? nowMs);
  const dueMs = Math.max(createdMs, Math.min(scheduledMs, toMs));
  const waits = status === "scheduled";
  const delay: Bar = {
    kind: waits ? "rest open" : "rest",
    ...{ fromMs: createdMs, toMs: dueMs, title: "starts later" },
  };
  const title = status === "pending" ? "waits for its key" : "waits to be run";
  const queue: Bar = { kind: "q", fromMs: dueMs, toMs, title };
  if (dueMs === createdMs) return [queue];
  return toMs > dueMs ? [delay, queue] : [delay];
}
const hasRun = (status: string): boolean =>
  status === "running" || status === "suspended" || status === "backing-off" || status === "paused";

const BETWEEN: Readonly<Record<Attempt["outcome"], Bar["kind"] | undefined>> = {
  suspended: "rest",
  failed: "off",
  died: "q",
  paused: "stop",
  yielded: "q",
  running: undefined,
  completed: undefined,
  killed: undefined,
};
const BETWEEN_WORDS: Readonly<Record<string, string>> = {
  rest: "suspended",
  off: "backing off",
  q: "waits to be run again",
  stop: "paused",
};

export function turnBars(story: Story, nowMs: number): { bars: readonly Bar[]; marks: readonly Mark[] } {
  const { attempts, invocation } = story;
  const bars: Bar[] = [];
  const marks: Mark[] = [];
  const open = invocation.status !== "completed";
  for (const [index, attempt] of attempts.entries()) {
    const next = attempts[index + 1];
    const { startedMs: fromMs, outcome } = attempt;
    const endMs = attempt.endedMs ?? (outcome === "died" ? fromMs : (invocation.completedMs ?? nowMs));
    const toMs = Math.max(fromMs, Math.min(endMs, next?.startedMs ?? Infinity));
    const bad = outcome === "failed" || outcome === "died";
    const what = outcome === "running" ? "runs" : outcome;
    bars.push({
      kind: bad ? "turnx" : "turn",
      ...{ fromMs, toMs },
      title: `turn ${attempt.number}, ${what}, ${duration(toMs - fromMs)}`,
    });
    if (outcome === "died") marks.push({ kind: "crash", atMs: toMs, title: "the process ended" });
    const kind = BETWEEN[outcome];
    if (kind === undefined) continue;
    if (next !== undefined) bars.push(between(kind, toMs, next.startedMs));
    else if (open) bars.push(lastOf(story, kind, toMs, nowMs));
  }
  return { bars, marks };
}

const between = (kind: Bar["kind"], fromMs: number, toMs: number): Bar => ({
  ...{ kind, fromMs, toMs: Math.max(fromMs, toMs) },
  title: `${BETWEEN_WORDS[kind] ?? kind} for ${duration(toMs - fromMs)}`,
});

/** After the last turn: as it stands now. */
function lastOf({ invocation }: Story, kind: Bar["kind"], fromMs: number, nowMs: number): Bar {
  const { status, nextRetryMs } = invocation;
  if (status === "paused") return between("stop", fromMs, nowMs);
  if (status === "backing-off") return between("off", fromMs, nextRetryMs ?? nowMs);
  if (status === "suspended") return { ...between("rest", fromMs, nowMs), kind: "rest open" };
  return between(kind === "stop" ? "q" : kind, fromMs, nowMs);
}

/** Failed attempts, hatched, and the back-off behind each. `untilMs`: when the next attempt begins. */
export function barsOfFailed(
  { operations, attempts }: Story,
  failed: readonly Attempt[],
  untilMs: number | undefined,
): readonly Bar[] {
  return failed.flatMap((attempt): readonly Bar[] => {
    const toMs = attempt.endedMs ?? attempt.startedMs;
    // What the attempt recorded before it failed took its time, too.
    const recordedMs = operations
      .map(({ endMs }) => endMs ?? 0)
      .filter((ms) => ms > attempt.startedMs && ms <= toMs);
    const fromMs = Math.max(attempt.startedMs, ...recordedMs);
    const next = attempts.find(({ startedMs }) => startedMs >= toMs && startedMs > attempt.startedMs);
    const backedOffMs = next?.startedMs ?? untilMs;
    return [
      { kind: "bad", fromMs, toMs, title: `failed: ${attempt.errorMessage ?? "no message"}` },
      ...(backedOffMs !== undefined && backedOffMs > toMs ? [between("off", toMs, backedOffMs)] : []),
    ];
  });
}
