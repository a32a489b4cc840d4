/** What happened, as text: for whoever reads why a test has failed. */
import { TIME_UNITS } from "../../lib/duration.ts";
import {
  TIMELINE_INVOCATIONS_MAX,
  TIMELINE_LOGS_MAX,
  TIMELINE_VALUE_CHARS_MAX,
} from "../../lib/limits/local.ts";
import { type EndedEntry, resultText } from "./entry-text.ts";
import type { TestLog } from "./logs.ts";

/** What the admin API answers, parsed. */
export type Json = <T>(path: string) => Promise<T>;

interface ListedInvocation {
  readonly id: string;
  readonly target: string;
  readonly status: string;
  readonly created_at: string;
  readonly completion_failure?: string;
  readonly last_failure?: string;
  readonly waiting_on?: string;
}
interface ShownEntry extends EndedEntry {
  readonly type: string;
  readonly command?: number;
  readonly name?: string;
  readonly invoked_target?: string;
  readonly at?: string;
  readonly ended_at?: string;
  readonly attempts?: number;
  /** Of a `ctx.transact`. */
  readonly writes?: number;
  readonly due_at?: string;
}

/** All invocations, each with its journal and with what it has printed. */
export async function timelineOf(json: Json, logsOf: (id: string) => readonly TestLog[]): Promise<string> {
  const path = `/invocations?limit=${TIMELINE_INVOCATIONS_MAX}&order=newest`;
  const { invocations, next } = await json<{ invocations: ListedInvocation[]; next?: string }>(path);
  const blocks = await Promise.all(
    invocations.toReversed().map((each) => blockOf(json, each, logsOf(each.id))),
  );
  const left = next === undefined ? [] : [`(the latest ${TIMELINE_INVOCATIONS_MAX} only)`];
  return [...left, ...blocks].join("\n");
}

async function blockOf(json: Json, invocation: ListedInvocation, logs: readonly TestLog[]): Promise<string> {
  const { id, target, created_at } = invocation;
  const { entries } = await json<{ entries?: ShownEntry[] }>(`/invocations/${id}/journal`);
  const lines = (entries ?? []).map((entry) => {
    const command =
      entry.type === "completion" ? entries?.find((each) => each.command === entry.command) : undefined;
    return `  ${lineOf(entry, command, Date.parse(created_at))}`;
  });
  return [`${target}  ${howIs(invocation)}  ${id}`, ...lines, ...printed(logs, Date.parse(created_at))].join(
    "\n",
  );
}

function printed(logs: readonly TestLog[], sinceMs: number): readonly string[] {
  const left = logs.length - TIMELINE_LOGS_MAX;
  const shown = logs.slice(-TIMELINE_LOGS_MAX).map(({ level, text, at }) => {
    const time = `+${shownMs(Math.max(0, at.getTime() - sinceMs))}`.padStart(10);
    return `  ${time}  ${level}: ${text.replaceAll("\n", `\n${" ".repeat(14)}`)}`;
  });
  return left > 0 ? [`  (${left} lines that it printed before are left out)`, ...shown] : shown;
}

function howIs({ status, completion_failure, last_failure, waiting_on }: ListedInvocation): string {
  if (completion_failure !== undefined) return `failed: ${completion_failure}`;
  if (status === "completed") return "completed";
  if (waiting_on !== undefined) return `${status}, waits for ${waiting_on}`;
  return last_failure === undefined ? status : `${status}: ${last_failure}`;
}

/** `command`: what it is the completion of. */
function lineOf(entry: ShownEntry, command: ShownEntry | undefined, sinceMs: number): string {
  const at = entry.ended_at ?? entry.at;
  const time = at === undefined ? "" : `+${shownMs(Date.parse(at) - sinceMs)}`;
  const { attempts = 1, due_at } = entry;
  const what = command ? `${whatIs(command)} is over` : whatIs(entry);
  const tries = attempts > 1 ? `, ${attempts} attempts` : "";
  const until = due_at === undefined ? "" : `, until +${shownMs(Date.parse(due_at) - sinceMs)}`;
  const written = entry.writes ? `, ${entry.writes} written` : "";
  return `${time.padStart(10)}  ${what}${written}${tries}${until}${resultText(entry, TIMELINE_VALUE_CHARS_MAX)}`;
}

const whatIs = ({ type, name, invoked_target, writes }: ShownEntry): string =>
  [writes === undefined ? type : "transact", name ?? invoked_target]
    .filter((part) => part !== undefined)
    .join(" ");

/** In the largest unit of which there is one. */
function shownMs(ms: number): string {
  const [unit, size] = TIME_UNITS.find(([, each]) => ms >= each) ?? ["ms", 1];
  return `${Math.floor(ms / size)} ${unit}`;
}

/** The error, with what happened behind its message. */
export function withTimeline(thrown: unknown, timeline: string): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const { message, stack } = thrown;
  thrown.message = `${message}\n\nWhat happened:\n${timeline}`;
  if (stack !== undefined) thrown.stack = stack.replace(message, () => thrown.message);
  return thrown;
}
