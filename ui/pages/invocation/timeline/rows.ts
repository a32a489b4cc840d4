/**
 * The rows of a timeline: the queue, the turns, and then a row an operation; or a row a turn, in which lie the operations that it
 * recorded. No pixels here.
 */
import type { Invocation } from "../../../admin/invocation.ts";
import { present } from "../../../admin/fields.ts";
import { visible } from "../../../words/text.ts";
import { clockTime, duration } from "../../../words/time.ts";
import { errorKind } from "../model/attempts.ts";
import type { Story } from "../model/story.ts";
import { queueBars, turnBars } from "./bars.ts";
import { operationRow, operationRows } from "./operation-rows.ts";
import { endRows } from "./outside-rows.ts";
import { type Row, rowDefaults, type RowsInput, wordRow } from "./row.ts";

export function rowsOf(input: RowsInput): readonly Row[] {
  const { story, view } = input;
  const lanes = [queueRow(input), ...(view === "operations" ? turnsRow(input) : [])];
  const rest = view === "operations" ? operationRows(input, story, 1, "") : turnRows(input);
  return [...lanes, ...rest, ...(view === "turns" ? endRows(story, input.nowMs).map(({ row }) => row) : [])];
}

const NOT_BEGUN = new Set(["scheduled", "pending", "ready"]);

function queueRow({ story, nowMs }: RowsInput): Row {
  const { invocation, startedMs } = story;
  const bars = queueBars(story, nowMs);
  const waited = (startedMs ?? nowMs) - (invocation.scheduledMs ?? invocation.createdMs);
  const startMs = invocation.status === "scheduled" ? invocation.scheduledMs : undefined;
  const isOpen = startedMs === undefined && NOT_BEGUN.has(invocation.status);
  const known = startedMs !== undefined || isOpen;
  return {
    ...rowDefaults(story),
    ...{ key: "queue", isLane: true, icon: "queue", title: "Queue", bars },
    marks: startMs === undefined ? [] : [{ kind: "next", atMs: startMs, title: "starts" }],
    note: queueNote(invocation, known, nowMs),
    ...present("label", known && bars.length > 0 ? { text: isOpen ? "" : duration(waited) } : undefined),
    spoken: known ? `${isOpen ? "waits for" : "waited"} ${duration(waited)}` : "its time was not recorded",
  };
}

function queueNote({ status, target, scheduledMs }: Invocation, known: boolean, nowMs: number): string {
  if (status === "pending") return `behind key ${visible(target.key ?? "")}`;
  if (status === "scheduled" && scheduledMs !== undefined) return `starts ${clockTime(scheduledMs, nowMs)}`;
  return known ? "" : "not recorded";
}

function turnsRow({ story, nowMs }: RowsInput): readonly Row[] {
  const { attempts, attemptsLeftOut, invocation } = story;
  if (attempts.length === 0 && NOT_BEGUN.has(invocation.status)) return [];
  const count = attempts.length + attemptsLeftOut;
  const failed = attempts.filter(({ outcome }) => outcome === "failed").length;
  const died = attempts.filter(({ outcome }) => outcome === "died").length;
  const note = [
    count === 0 ? "not recorded" : String(count),
    failed > 0 ? `${failed} failed` : "",
    died > 0 ? `${died} died` : "",
  ].filter((part) => part !== "");
  const { bars, marks } = turnBars(story, nowMs);
  return [
    {
      ...rowDefaults(story),
      ...{ key: "turns", isLane: true, icon: "turn", title: "Turns", bars, marks },
      note: note.join(", of them ").replace(", of them ", note.length > 1 ? ", of them " : ""),
      spoken: bars.map(({ title }) => title).join("; "),
    },
  ];
}

/** One row a turn, in which lie the operations that it recorded. */
function turnRows({ story, opened, nowMs }: RowsInput): readonly Row[] {
  const { attempts, operations, attemptsLeftOut } = story;
  let before: string | undefined;
  const rows = attempts.flatMap((attempt): readonly Row[] => {
    const { number, startedMs, endedMs, outcome } = attempt;
    const toMs = endedMs ?? Math.max(startedMs, nowMs);
    const within = operations.filter(
      ({ startMs, kind }) =>
        startMs !== undefined && kind !== "cancelled" && startMs >= startedMs && startMs <= toMs,
    );
    const key = `t${number}`;
    const isExpanded = opened.has(key) && within.length > 0;
    const kind = errorKind(attempt.errorMessage ?? "");
    const note =
      attempt.errorMessage === undefined
        ? outcome
        : kind === before
          ? "the same error"
          : attempt.errorMessage;
    before = kind;
    const took = duration(toMs - startedMs);
    return [
      {
        ...rowDefaults(story),
        ...{
          key,
          icon: outcome === "failed" || outcome === "died" ? "retry" : "turn",
          title: `Turn ${number}`,
        },
        note: visible(note),
        bars: [
          {
            kind: outcome === "failed" || outcome === "died" ? "turnx" : "turn",
            fromMs: startedMs,
            toMs,
            title: note,
          },
        ],
        marks: outcome === "died" ? [{ kind: "crash", atMs: toMs, title: "the process ended" }] : [],
        label: { text: took },
        spoken: `${outcome}, took ${took}`,
        ...{ isExpandable: within.length > 0, isExpanded, attempt },
      },
      ...(isExpanded
        ? within.flatMap((operation) =>
            operationRow(
              { story, opened: new Set(), nowMs, children: new Map(), view: "turns" },
              { owner: story, level: 2, path: `${key}/`, operation, failed: [] },
            ).map((row) => ({ ...row, isExpandable: false })),
          )
        : []),
    ];
  });
  const left =
    attemptsLeftOut > 0 ? [wordRow(story, 1, "left", `${attemptsLeftOut} more turns are not kept`)] : [];
  return [...rows, ...left, ...nextTurn(story, nowMs)];
}

function nextTurn(story: Story, nowMs: number): readonly Row[] {
  const { nextRetryMs, status } = story.invocation;
  if (status !== "backing-off" || nextRetryMs === undefined) return [];
  const note = `due ${clockTime(nextRetryMs, nowMs)}`;
  return [
    {
      ...rowDefaults(story),
      ...{ key: "next", icon: "retry", title: `Turn ${(story.attempts.at(-1)?.number ?? 0) + 1}`, note },
      marks: [{ kind: "next", atMs: nextRetryMs, title: note }],
      spoken: note,
    },
  ];
}
