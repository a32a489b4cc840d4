/** What happened, in order. People read it when a run fails. Its hash must be the same for the same seed. */
import type { Attributes } from "../../lib/model/item.ts";
import type { Value } from "../../lib/model/value.ts";

export interface Line {
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
  readonly subject: string;
}

export class Trace {
  readonly lines: Line[] = [];
  /** With what was written, for people. */
  readonly isDetailed: boolean;
  readonly #now: () => number;
  readonly #startMs: number;
  #high = 0xdeadbeef;
  #low = 0x41c6ce57;

  constructor(now: () => number, isDetailed: boolean) {
    this.#now = now;
    this.isDetailed = isDetailed;
    this.#startMs = now();
  }

  add(who: string, what: string, subject = ""): void {
    const atMs = this.#now() - this.#startMs;
    this.lines.push({ atMs, who, what, subject });
    this.#mix(atMs * 1024);
    this.#mix(who.length * 131 + what.length);
    for (let at = 0; at < subject.length; at += 3) this.#mix(subject.charCodeAt(at));
  }

  #mix(value: number): void {
    this.#high = Math.imul(this.#high ^ value, 2654435761);
    this.#low = Math.imul(this.#low ^ (value + (this.#high >>> 15)), 1597334677);
  }

  get hash(): string {
    return ((this.#high >>> 0).toString(16) + (this.#low >>> 0).toString(16)).padStart(16, "0");
  }

  format(): string[] {
    return this.lines.map(
      ({ atMs, who, what, subject }) =>
        `${atMs.toFixed(1).padStart(11)} ms  ${who.padEnd(8)} ${what} ${subject}`,
    );
  }
}

export const textOf = (value: Value | undefined): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";

/** Of an item that was written. */
export function summary(sk: string, item: Attributes | undefined): string {
  if (!item) return "deleted";
  if (sk !== "head") return JSON.stringify(item, brief).slice(0, 160);
  const { s, n, b, p, m, w, k } = item;
  const extra = { ...(Array.isArray(m) && m.length > 0 ? { m } : {}), w, k };
  const log = JSON.stringify(item["l"], brief);
  const text = `${textOf(s)} n=${textOf(n)} b=${textOf(b)} p=${textOf(p)} ${log} ${JSON.stringify(extra, brief)}`;
  return text.slice(0, 400);
}

function brief(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? new TextDecoder().decode(value).slice(0, 60) : value;
}
