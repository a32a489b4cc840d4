/** One log line: as JSON for machines, or to be read on a console. */
import type { LogLevel } from "../ports.ts";
import { loggable, type Loggable, type LoggableFields } from "./loggable.ts";

export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Absent where whoever keeps the lines notes the time, as CloudWatch does. */
  readonly time?: string;
}

/** What a field of the record's own names is called instead, so that it does not pass itself off as one of them. */
const OWN_NAMES: ReadonlySet<string> = new Set(["time", "level", "message"]);
const renamed = (name: string): string => (OWN_NAMES.has(name) ? `_${name}` : name);

/** One line of JSON, with its end. */
export function jsonLine({ time, level, ...said }: LogRecord): string {
  const { message, fields } = loggable(said.message, said.fields);
  const own = { ...(time === undefined ? {} : { time }), level, message };
  const others = Object.entries(fields).map(([name, value]) => [renamed(name), value] as const);
  return `${JSON.stringify({ ...own, ...Object.fromEntries(others) })}\n`;
}

/**
 * A line to read, with its end. Where a bug may show, which is at the level `error`, the stacks of errors follow, each on
 * lines of its own. Control characters are escaped: what is logged must not move the cursor, or look like another line.
 */
export function readableLine({ time, level, ...said }: LogRecord): string {
  const { message, fields } = loggable(said.message, said.fields);
  const shown = Object.entries(fields).filter(([name]) => name !== "stack");
  const pairs = shown.map(([name, value]) => ` ${escaped(name)}=${inline(value)}`);
  const start = `${time === undefined ? "" : `${time} `}${level.toUpperCase().padEnd(5)}`;
  const first = `${start} ${escaped(message)}${pairs.join("")}`;
  return `${[first, ...(level === "error" ? stacksIn(fields) : [])].join("\n")}\n`;
}

function inline(value: Loggable): string {
  const told = isErrorLike(value) ? toldInShort(value) : value;
  const isPlain = typeof told === "string" && /^[^\s"=]+$/.test(told);
  return escaped(isPlain ? told : JSON.stringify(told));
}

/** Name and message of an error and of its causes. */
function toldInShort({ name, message, cause = null }: LoggableFields): string {
  const own = [name, message].filter((part) => typeof part === "string").join(": ");
  return isErrorLike(cause) ? `${own} (cause: ${toldInShort(cause)})` : own;
}

const isErrorLike = (value: Loggable): value is LoggableFields =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  "stack" in value &&
  "message" in value;

/** The lines of all stacks, causes after what they caused. */
function stacksIn(value: Loggable): string[] {
  if (typeof value !== "object" || value === null) return [];
  const { stack, ...rest } = value as LoggableFields;
  const own = typeof stack === "string" ? stack.split("\n").map((line) => `    ${escaped(line)}`) : [];
  return [...own, ...Object.values(rest).flatMap(stacksIn)];
}

/** Control characters, line and paragraph separators, and those that turn the direction of text. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The text on one line, with nothing in it that a terminal obeys. */
export const escaped = (text: string): string =>
  text.replace(
    UNSAFE,
    (character) => SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
