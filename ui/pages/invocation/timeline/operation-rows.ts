/** A row an operation, in program order; those of an opened call stand in place. */
import { present } from "../../../admin/fields.ts";
import { visible } from "../../../words/text.ts";
import { clockTime, duration } from "../../../words/time.ts";
import type { Attempt } from "../model/attempts.ts";
import { noteOf, type Operation } from "../model/operations.ts";
import type { Failing, Story } from "../model/story.ts";
import { barsOfFailed } from "./bars.ts";
import { crashRows, endRows, eventRows, failureRows } from "./outside-rows.ts";
import { type Bar, type Mark, type Row, rowDefaults, type RowsInput, wordRow } from "./row.ts";

/** Calls within calls: deeper ones open on a page of their own. */
const LEVEL_MAX = 12;

/** In program order; what came from outside stands where it happened. */
export function operationRows(input: RowsInput, owner: Story, level: number, path: string): readonly Row[] {
  const attribution = failedByOperation(owner);
  const rows = owner.operations.map((operation) => ({
    atMs: operation.startMs,
    rows: operationRow(input, {
      owner,
      level,
      path,
      operation,
      failed: attribution.get(operation.key) ?? [],
    }),
  }));
  const unknown = attribution.get("~") ?? [];
  const outside = [
    ...crashRows(owner, path, level),
    ...failureRows(owner, unknown, path, level),
    ...eventRows(owner, path, level),
    ...(level === 1 ? endRows(owner, input.nowMs) : []),
  ];
  for (const row of outside.toSorted((a, b) => a.atMs - b.atMs)) {
    const before = rows.findIndex(({ atMs }) => atMs !== undefined && atMs > row.atMs);
    rows.splice(before === -1 ? rows.length : before, 0, { atMs: row.atMs, rows: [row.row] });
  }
  const failing = failingRow(input, { owner, level, path, failed: attribution.get("") ?? [] });
  return [...keyRow(owner, level, path), ...rows.flatMap((each) => each.rows), ...failing];
}

/** Of an opened call: it may have waited for its key. */
function keyRow(owner: Story, level: number, path: string): readonly Row[] {
  const { invocation, startedMs } = owner;
  if (level === 1 || startedMs === undefined) return [];
  const waited = startedMs - invocation.createdMs;
  if (waited < 1) return [];
  const { key } = invocation.target;
  const title = key === undefined ? "waited in the queue" : `waited for key ${visible(key)}`;
  return [
    {
      ...rowDefaults(owner),
      ...{
        key: `${path}queue`,
        level,
        icon: key === undefined ? ("queue" as const) : ("lock" as const),
        title,
      },
      bars: [{ kind: "q" as const, fromMs: invocation.createdMs, toMs: startedMs, title }],
      label: { text: duration(waited) },
      spoken: `for ${duration(waited)}`,
    },
  ];
}

interface OperationPlace {
  readonly owner: Story;
  readonly level: number;
  readonly path: string;
  readonly operation: Operation;
  readonly failed: readonly Attempt[];
}

export function operationRow(input: RowsInput, place: OperationPlace): readonly Row[] {
  const { nowMs, opened } = input;
  const { owner, level, path, operation, failed } = place;
  const key = `${path}${operation.key}`;
  const isExpandable = operation.invokedId !== undefined && operation.kind !== "cancel" && level < LEVEL_MAX;
  const isExpanded = isExpandable && opened.has(key);
  const failedBars = barsOfFailed(owner, failed, undefined);
  const own = barsOfOperation(lastTry(operation, owner, failed), owner, nowMs);
  const label = labelOf(operation, failed, nowMs);
  return [
    {
      ...rowDefaults(owner),
      ...{ key, level, icon: operation.icon, title: visible(operation.title) },
      note: visible(noteOf(operation, (ms) => clockTime(ms, nowMs))),
      bars: [...failedBars, ...own.bars],
      marks: own.marks,
      ...present("label", label),
      spoken: spokenOf(operation, failed, owner.invocation.createdMs, nowMs),
      ...{ isExpandable, isExpanded, operation },
      ...present("invocationId", operation.invokedId),
    },
    ...(isExpanded ? childRows(input, operation.invokedId, level + 1, `${key}/`, owner) : []),
  ];
}

function childRows(
  input: RowsInput,
  id: string | undefined,
  level: number,
  path: string,
  owner: Story,
): readonly Row[] {
  const child = input.children.get(id ?? "") ?? "loading";
  if (typeof child !== "string") {
    const rows = operationRows(input, child, level, path);
    return rows.length > 0 ? rows : [wordRow(child, level, path, "nothing is recorded in it")];
  }
  return [wordRow(owner, level, path, child === "loading" ? "loading…" : "not kept any longer")];
}

/** The tries before the last one are drawn as what they were: failed. */
function lastTry(operation: Operation, { attempts }: Story, failed: readonly Attempt[]): Operation {
  const { startMs, endMs } = operation;
  if (failed.length === 0 || startMs === undefined || endMs === undefined) return operation;
  const last = attempts.findLast(({ startedMs }) => startedMs <= endMs);
  return { ...operation, startMs: Math.max(startMs, last?.startedMs ?? startMs) };
}

interface Drawn {
  readonly bars: readonly Bar[];
  readonly marks: readonly Mark[];
}

function barsOfOperation(operation: Operation, { invocation }: Story, nowMs: number): Drawn {
  const { kind, startMs, endMs, dueMs, isOpen } = operation;
  const title = visible(operation.title);
  if (startMs === undefined) return { bars: [], marks: [] };
  const lasts = isOpen && invocation.completedMs === undefined;
  if (!takesTime(operation, lasts)) return { bars: [], marks: [{ kind: "", atMs: startMs, title }] };
  const toMs = endMs ?? Math.max(startMs, invocation.completedMs ?? nowMs);
  const rest = lasts ? "rest open" : "rest";
  const bars = [
    { kind: kind === "step" || kind === "call" ? kind : rest, fromMs: startMs, toMs, title } as const,
  ];
  const isDue = lasts && dueMs !== undefined && dueMs > nowMs;
  return { bars, marks: isDue ? [{ kind: "next", atMs: dueMs, title: "due" }] : [] };
}
/** Of a call whose end was not waited for, nothing is known but that it was asked for. */
const takesTime = ({ kind, endMs }: Operation, lasts: boolean): boolean =>
  kind === "step" || ((endMs !== undefined || lasts) && (kind === "call" || WAITS.has(kind)));
const WAITS = new Set(["sleep", "promise", "awakeable", "signal", "attach"]);

function labelOf(
  { kind, startMs, endMs, isOpen, attempts }: Operation,
  failed: readonly Attempt[],
  nowMs: number,
): Row["label"] {
  const failures = kind === "step" ? Math.max(failed.length, (attempts ?? 1) - 1) : 0;
  if (failures > 0) return { text: `✕ ${failures}`, isBad: true };
  if (startMs === undefined) return undefined;
  if (isOpen)
    return kind === "call" ? { text: duration(Math.floor((nowMs - startMs) / 1000) * 1000) } : undefined;
  if (endMs === undefined || (kind !== "step" && kind !== "call" && !WAITS.has(kind))) return undefined;
  const took = duration(endMs - startMs);
  if (kind === "sleep") return { text: `slept ${took}` };
  return { text: took };
}

function spokenOf(
  { kind, startMs, endMs, isOpen, dueMs }: Operation,
  failed: readonly Attempt[],
  zeroMs: number,
  nowMs: number,
): string {
  const parts: string[] = [];
  if (failed.length > 0) parts.push(`failed ${failed.length} times before`);
  if (startMs !== undefined) parts.push(`began ${duration(startMs - zeroMs)} after acceptance`);
  if (startMs !== undefined && endMs !== undefined && endMs > startMs)
    parts.push(`took ${duration(endMs - startMs)}`);
  if (isOpen) parts.push(kind === "call" ? "still runs" : "still waits");
  if (isOpen && dueMs !== undefined && dueMs > nowMs) parts.push(`due at ${clockTime(dueMs, nowMs)}`);
  return parts.join(", ");
}

/** Which operation a failed attempt failed in: a step that was tried more than once. "": that which fails now; "~": none is known. */
function failedByOperation({
  attempts,
  operations,
  failing,
}: Story): ReadonlyMap<string, readonly Attempt[]> {
  const steps = operations.filter(({ kind, startMs }) => kind === "step" && startMs !== undefined);
  const found = new Map<string, Attempt[]>();
  for (const attempt of attempts) {
    if (attempt.outcome !== "failed") continue;
    const ms = attempt.endedMs ?? attempt.startedMs;
    // A step's time is that of all its tries.
    const own = steps.find(
      ({ attempts: tries = 1, startMs = 0, endMs = 0 }) => tries > 1 && startMs <= ms && ms <= endMs,
    );
    const key = own?.key ?? (failing ? "" : "~");
    found.set(key, [...(found.get(key) ?? []), attempt]);
  }
  return found;
}

/** What fails now is not in the journal. */
function failingRow(
  { nowMs }: RowsInput,
  { owner, level, path, failed }: Omit<OperationPlace, "operation">,
): readonly Row[] {
  const { failing, invocation, operations } = owner;
  if (failing === undefined) return [];
  if (operations.some(({ command }) => command !== undefined && command === failing.command)) return [];
  const count = Math.max(failed.length, invocation.retryCount);
  const next = invocation.status === "backing-off" ? invocation.nextRetryMs : undefined;
  const again = next === undefined ? undefined : `next attempt at ${clockTime(next, nowMs)}`;
  return [
    {
      ...rowDefaults(owner),
      ...{ key: `${path}failing`, level, icon: failing.type === "run" ? "step" : "warn" },
      ...{ title: failingTitle(failing), note: "not recorded", bars: failingBars(owner, failed, nowMs) },
      marks: again === undefined || next === undefined ? [] : [{ kind: "next", atMs: next, title: again }],
      ...(count > 0 && { label: { text: `✕ ${count}`, isBad: true } }),
      spoken: [`failed ${count} times`, again].filter(Boolean).join(", "),
      isFailing: true,
    },
  ];
}

/** The user's name for what fails, or what kind of operation it is. */
export const failingTitle = ({ name, type }: Failing): string =>
  visible(name || (type === "run" ? "a step" : (type ?? "your code")));

function failingBars(owner: Story, failed: readonly Attempt[], nowMs: number): readonly Bar[] {
  const { status, nextRetryMs } = owner.invocation;
  const last = owner.attempts.at(-1);
  const runs = status === "running" && last?.outcome === "running" ? last.startedMs : undefined;
  const bars = barsOfFailed(owner, failed, status === "backing-off" ? nextRetryMs : runs);
  return runs === undefined || failed.length === 0
    ? bars
    : [...bars, { kind: "live", fromMs: runs, toMs: Math.max(runs, nowMs), title: "is tried now" }];
}
