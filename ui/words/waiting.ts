/** What a suspended invocation waits for, in words: from `waiting_on`, a text such as `all(sleep until …, awakeable …)`. */
import { shortId } from "./text.ts";
import { clockTime } from "./time.ts";

/** A wait as a tree. */
export type Wait =
  | { readonly kind: "sleep"; readonly dueMs: number }
  | { readonly kind: "promise" | "signal"; readonly name: string }
  | { readonly kind: "result" | "awakeable"; readonly id: string }
  | { readonly kind: "call"; readonly command: number }
  | { readonly kind: "all" | "first"; readonly parts: readonly Wait[] }
  | { readonly kind: "other"; readonly text: string };

const COMBINATORS: Readonly<Record<string, "all" | "first">> = {
  all: "all",
  allSettled: "all",
  map: "all",
  any: "first",
  race: "first",
};
/** Deeper ones are shown as they stand. */
const DEPTH_MAX = 8;

export const waitIn = (text: string): Wait => new WaitReader(text).read(0);

class WaitReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(depth: number): Wait {
    const opened = /^(all|any|race|allSettled|map)\(/u.exec(this.#text.slice(this.#at));
    const kind = COMBINATORS[opened?.[1] ?? ""];
    if (opened === null || kind === undefined || depth >= DEPTH_MAX) return leafOf(this.#leaf());
    this.#at += opened[0].length;
    const parts: Wait[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== ")") {
      parts.push(this.read(depth + 1));
      if (this.#text.startsWith(", ", this.#at)) this.#at += 2;
    }
    this.#at++;
    const [only] = parts;
    return parts.length === 1 && only ? only : { kind, parts };
  }

  /** To the next comma or bracket that is not within a text or brackets of its own. */
  #leaf(): string {
    const from = this.#at;
    let open = 0;
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at];
      if (character === '"') {
        this.#skipText();
        continue;
      }
      if (open === 0 && (character === ")" || this.#text.startsWith(", ", this.#at))) break;
      if (character === "(") open++;
      if (character === ")") open--;
      this.#at++;
    }
    // What nothing of this has moved would be read for ever.
    if (this.#at === from) this.#at++;
    return this.#text.slice(from, this.#at);
  }

  #skipText(): void {
    const found = /^"(?:[^"\\]|\\.)*"?/su.exec(this.#text.slice(this.#at));
    this.#at += found?.[0].length ?? 1;
  }
}

function leafOf(text: string): Wait {
  const [, time] = /^sleep until (\S+)/u.exec(text) ?? [];
  if (time !== undefined) return { kind: "sleep", dueMs: Date.parse(time) };
  const [, named, quotedName = '""'] = /^(promise|signal) (".*")$/su.exec(text) ?? [];
  if (named === "promise" || named === "signal") return { kind: named, name: parsed(quotedName) };
  const [, of, id = ""] = /^(result of|awakeable) (\S+)$/u.exec(text) ?? [];
  if (of !== undefined) return { kind: of === "awakeable" ? "awakeable" : "result", id };
  const [, command] = /^call \(command (\d+)\)$/u.exec(text) ?? [];
  return command === undefined ? { kind: "other", text } : { kind: "call", command: Number(command) };
}

function parsed(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

/** So many of several are named. */
const NAMED_MAX = 3;

/** `promise “email-verified” or a timer at 12:30`. */
export function waitInWords(wait: Wait, nowMs: number): string {
  switch (wait.kind) {
    case "sleep":
      return `a timer, ${isToday(wait.dueMs, nowMs) ? "at" : "on"} ${clockTime(wait.dueMs, nowMs)}`;
    case "promise":
    case "signal":
      return `${wait.kind} “${wait.name}”`;
    case "awakeable":
      return `awakeable ${shortId(wait.id)}`;
    case "result":
      return `the result of ${shortId(wait.id)}`;
    case "call":
      return "a call’s result";
    case "other":
      return wait.text;
    case "all":
    case "first":
      return severalInWords(wait, nowMs);
  }
}

const isToday = (ms: number, nowMs: number): boolean =>
  new Date(ms).toDateString() === new Date(nowMs).toDateString();

function severalInWords(
  { kind, parts }: { readonly kind: "all" | "first"; readonly parts: readonly Wait[] },
  nowMs: number,
): string {
  const words = new Map<string, number>();
  for (const part of parts) {
    const text = waitInWords(part, nowMs);
    words.set(text, (words.get(text) ?? 0) + 1);
  }
  const named = [...words].map(([text, count]) => (count === 1 ? text : `${text} (${count} times)`));
  const more = named.length - NAMED_MAX;
  const shown = more > 0 ? [...named.slice(0, NAMED_MAX), `${more} more`] : named;
  return shown.join(kind === "all" ? " and " : " or ");
}

/** When it goes on by itself at the latest, if it does. */
export function dueOf(wait: Wait): number | undefined {
  if (wait.kind === "sleep") return wait.dueMs;
  if (wait.kind !== "all" && wait.kind !== "first") return undefined;
  const due = wait.parts.map(dueOf);
  const given = due.filter((one) => one !== undefined);
  if (wait.kind === "first") return given.length === 0 ? undefined : Math.min(...given);
  return given.length === due.length && given.length > 0 ? Math.max(...given) : undefined;
}
