/**
 * A journal's entries as operations, in program order: each command with what completed it.
 *
 * A command is one entry, or two: a call's result, a timer's end come as an entry of their own, later.
 */
import type { IconName } from "../../../parts/icon-paths.ts";
import { present } from "../../../admin/fields.ts";
import type { JournalEntry, Shown } from "./journal.ts";

export type OperationKind =
  | "step"
  | "call"
  | "send"
  | "sleep"
  | "state"
  | "promise"
  | "awakeable"
  | "signal"
  | "attach"
  | "complete"
  | "cancel"
  | "cancelled"
  | "other";

export interface Operation {
  /** Unique among those of its invocation, and the same at every load. */
  readonly key: string;
  readonly command?: number;
  /** The entries that it consists of. */
  readonly entries: readonly JournalEntry[];
  readonly kind: OperationKind;
  readonly icon: IconName;
  /** What it is called: "charge card", "get status", "Inventory/sku-1/reserve". */
  readonly title: string;
  /** The user's own name for it. */
  readonly name?: string;
  readonly startMs?: number;
  /** Absent: it is open, or no time is known. */
  readonly endMs?: number;
  readonly dueMs?: number;
  /** What completes it has not come. */
  readonly isOpen: boolean;
  readonly value?: Shown;
  readonly input?: Shown;
  readonly attempts?: number;
  readonly writes?: number;
  readonly invokedId?: string;
  readonly invokedTarget?: string;
  readonly awakeableId?: string;
  readonly signal?: string;
}

interface Nature {
  readonly kind: OperationKind;
  readonly icon: IconName;
  /** Another entry completes it. */
  readonly awaited?: boolean;
  readonly title: (entry: JournalEntry) => string;
}

const named =
  (before: string) =>
  ({ name }: JournalEntry): string =>
    `${before} ${name ?? ""}`.trim();
const target = ({ name, invokedTarget, invokedId }: JournalEntry): string =>
  name ?? invokedTarget ?? invokedId ?? "";

const NATURES: Readonly<Record<string, Nature>> = {
  run: { kind: "step", icon: "step", title: ({ name }) => name ?? "" },
  get: { kind: "state", icon: "state", title: named("get") },
  set: { kind: "state", icon: "state", title: named("set") },
  clear: { kind: "state", icon: "state", title: named("clear") },
  clearAll: { kind: "state", icon: "state", title: () => "clear all state" },
  stateKeys: { kind: "state", icon: "state", title: () => "names of state" },
  peek: { kind: "promise", icon: "diamond", title: ({ name }) => `look at promise “${name ?? ""}”` },
  "promise.get": {
    kind: "promise",
    icon: "diamond",
    awaited: true,
    title: ({ name }) => `promise “${name ?? ""}”`,
  },
  "promise.complete": {
    kind: "complete",
    icon: "diamond",
    title: ({ name, value }) => `${value?.failure ? "reject" : "resolve"} promise “${name ?? ""}”`,
  },
  sleep: { kind: "sleep", icon: "sleep", awaited: true, title: ({ name }) => name ?? "sleep" },
  call: { kind: "call", icon: "call", awaited: true, title: target },
  send: { kind: "send", icon: "send", title: target },
  attach: { kind: "attach", icon: "link", awaited: true, title: (entry) => `attach to ${target(entry)}` },
  cancel: { kind: "cancel", icon: "slash", title: (entry) => `cancel ${target(entry)}` },
  signal: {
    kind: "signal",
    icon: "bell",
    awaited: true,
    title: ({ signal }) => (signal === undefined ? "awakeable" : `signal “${signal}”`),
  },
  sendSignal: {
    kind: "complete",
    icon: "bell",
    title: ({ signal, value }) =>
      `${value?.failure ? "reject" : "resolve"} ${signal === undefined ? "an awakeable" : `signal “${signal}”`}`,
  },
  cancelled: { kind: "cancelled", icon: "slash", title: () => "cancellation arrived" },
};
const OTHER: Nature = {
  kind: "other",
  icon: "dots",
  title: ({ type, name }) => named(type)({ name } as JournalEntry),
};

/** Whether the entry goes on in the next one: many names come in several. */
const isPart = ({ type, command, names }: JournalEntry, next: JournalEntry | undefined): boolean =>
  names !== undefined && next?.type === type && next.command === command && next.names !== undefined;

/** A signal's name or an awakeable's id. A command has one; so has what completes it. */
const signalKey = ({ signal, awakeableId }: JournalEntry): string | undefined =>
  signal === undefined ? awakeableId : `~${signal}`;

export function operationsOf(entries: readonly JournalEntry[]): readonly Operation[] {
  const completions = new Map<number, JournalEntry>();
  const signalled = new Map<string, JournalEntry[]>();
  const started: JournalEntry[] = [];
  for (const [at, entry] of entries.entries()) {
    if (entry.type === "completion") completions.set(entry.command ?? -1, entry);
    else if (entry.type === "signalled") {
      const key = signalKey(entry) ?? "";
      signalled.set(key, [...(signalled.get(key) ?? []), entry]);
    } else if (!isPart(entry, entries[at + 1])) started.push(entry);
  }
  return started.map((entry) => {
    const byCommand = completions.get(entry.command ?? NaN);
    // A name may be awaited again: deliveries go to those who wait in their order.
    const bySignal = entry.type === "signal" ? signalled.get(signalKey(entry) ?? "")?.shift() : undefined;
    return operationOf(entry, byCommand ?? bySignal);
  });
}

function operationOf(entry: JournalEntry, completion: JournalEntry | undefined): Operation {
  const { command, index } = entry;
  const nature = NATURES[entry.type] ?? OTHER;
  const awaited = nature.awaited === true;
  const startMs = entry.startedMs ?? entry.atMs;
  const endMs = awaited ? completion?.atMs : (entry.endedMs ?? startMs);
  return {
    key: command === undefined ? `e${index}` : `c${command}`,
    entries: completion ? [entry, completion] : [entry],
    kind: kindOf(nature.kind, entry),
    ...{ icon: nature.icon, title: nature.title(entry) },
    ...present("startMs", startMs),
    // A clock that ran backwards: it took no time.
    ...present("endMs", endMs === undefined ? undefined : Math.max(startMs ?? endMs, endMs)),
    isOpen: awaited && completion === undefined,
    ...present("value", awaited ? completion?.value : entry.value),
    ...saidOf(entry),
  };
}

const kindOf = (kind: OperationKind, { signal }: JournalEntry): OperationKind =>
  kind === "signal" && signal === undefined ? "awakeable" : kind;

const saidOf = (entry: JournalEntry) => ({
  ...present("command", entry.command),
  ...present("name", entry.name),
  ...present("dueMs", entry.dueMs),
  ...present("input", entry.input),
  ...present("attempts", entry.attempts),
  ...present("writes", entry.writes),
  ...present("invokedId", entry.invokedId),
  ...present("invokedTarget", entry.invokedTarget),
  ...present("awakeableId", entry.awakeableId),
  ...present("signal", entry.signal),
});

/** Whether any time beside that of calls is known: an older journal has none. */
export const hasTimes = (operations: readonly Operation[]): boolean =>
  operations.some(({ kind, startMs }) => startMs !== undefined && kind !== "call" && kind !== "send");

const writtenNote = (writes: number | undefined): string =>
  writes === undefined ? "" : `${writes} ${writes === 1 ? "write" : "writes"} `;

const NOTE_CHARS = 120;
/** The value in one line: what stands beside the name. The whole is a click away. */
export function noteOf(
  { kind, isOpen, value, dueMs, writes }: Operation,
  clock: (ms: number) => string,
): string {
  if (value?.failure) return `${value.failure.code} ${value.failure.message}`.slice(0, NOTE_CHARS);
  if (kind === "sleep" && dueMs !== undefined) return `until ${clock(dueMs)}`;
  if (isOpen) return "waiting";
  if (kind === "send" && dueMs !== undefined) return `starts ${clock(dueMs)}`;
  if (value?.text !== undefined) return `${writtenNote(writes)}${value.text}`.trim().slice(0, NOTE_CHARS);
  if (value?.base64 !== undefined) return "bytes";
  if (value?.isLeftOut === true) return "large";
  return "";
}
