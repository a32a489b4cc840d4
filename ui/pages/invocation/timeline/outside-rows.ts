/** What happened to an invocation from outside: its process ended, or somebody pressed a button. */
import { present } from "../../../admin/fields.ts";
import type { IconName } from "../../../parts/icon-paths.ts";
import { visible } from "../../../words/text.ts";
import { clockTime, duration } from "../../../words/time.ts";
import type { Attempt } from "../model/attempts.ts";
import type { Story } from "../model/story.ts";
import { barsOfFailed } from "./bars.ts";
import { type MarkKind, type Row, rowDefaults } from "./row.ts";

interface At {
  readonly atMs: number;
  readonly row: Row;
}

export function crashRows(owner: Story, path: string, level: number): readonly At[] {
  return owner.attempts.flatMap((attempt, index) => {
    if (attempt.outcome !== "died") return [];
    const next = owner.attempts[index + 1];
    const atMs = attempt.endedMs ?? attempt.startedMs;
    // What a button did has a row of its own.
    if (
      owner.events.some(
        ({ kind, atMs: at }) => kind === "crash" && at >= attempt.startedMs - 50 && at <= atMs + 1000,
      )
    )
      return [];
    const label =
      next === undefined ? undefined : { text: `runs again after ${duration(next.startedMs - atMs)}` };
    return {
      atMs,
      row: {
        ...rowDefaults(owner),
        ...{ key: `${path}died${attempt.number}`, level, icon: "bolt" as const, title: "process ended" },
        note: visible(attempt.errorMessage ?? "without a word"),
        marks: [{ kind: "crash" as const, atMs, title: "the process ended" }],
        ...present("label", label),
        ...{ spoken: label?.text ?? "", attempt },
      },
    };
  });
}

/** Attempts that failed in the code between the operations. */
export const failureRows = (
  owner: Story,
  failed: readonly Attempt[],
  path: string,
  level: number,
): readonly At[] =>
  failed.map((attempt) => {
    const { number, startedMs, endedMs = startedMs, errorMessage } = attempt;
    const note = visible(errorMessage ?? "without a message");
    return {
      atMs: startedMs,
      row: {
        ...rowDefaults(owner),
        ...{ key: `${path}failed${number}`, level, icon: "warn" as const, title: "an attempt failed", note },
        bars: barsOfFailed(owner, [attempt], undefined),
        ...{ spoken: `took ${duration(endedMs - startedMs)}: ${note}`, attempt },
      },
    };
  });

const EVENTS: Readonly<Record<string, readonly [IconName, string, MarkKind]>> = {
  crash: ["bolt", "crashed by you", "crash"],
  redeliver: ["twice", "delivered again by you", "in"],
  clock: ["ff", "clock jumped", "in"],
  "fail-next-step": ["failnext", "next step made to fail", "in"],
};
export function eventRows(owner: Story, path: string, level: number): readonly At[] {
  return owner.events.map((event, index) => {
    const { atMs, kind, message } = event;
    const [icon, title, mark] = EVENTS[kind] ?? ["bolt", visible(kind), "in"];
    return {
      atMs,
      row: {
        ...rowDefaults(owner),
        ...{ key: `${path}event${index}`, level, icon, title, note: visible(message) },
        marks: [{ kind: mark, atMs, title: visible(message) }],
        ...{ spoken: visible(message), event },
      },
    };
  });
}

/** How it ended. */
export function endRows(story: Story, nowMs: number): readonly At[] {
  const { completedMs, failure, look, createdMs } = story.invocation;
  if (completedMs === undefined) return [];
  const title = failure === undefined ? "returned" : look.look === "cancelled" ? "cancelled" : "failed";
  const note = failure ? `${failure.code} ${failure.message}` : (story.output?.text ?? "");
  return [
    {
      atMs: completedMs,
      row: {
        ...rowDefaults(story),
        ...{ key: "end", icon: failure ? look.icon : "out", title, note: visible(note.slice(0, 200)) },
        marks: [
          {
            kind: failure ? "crash" : "out",
            atMs: completedMs,
            title: `at ${clockTime(completedMs, nowMs)}`,
          },
        ],
        label: { text: duration(completedMs - createdMs) },
        spoken: `after ${duration(completedMs - createdMs)}`,
      },
    },
  ];
}
