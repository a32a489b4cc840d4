/**
 * Says what a handler has issued and not awaited, and what it does with its context after its end: once for each handler of a
 * process, with the line. A step that is not awaited never runs, so silence would be the worst answer.
 *
 * Cost. Nothing is said of a handler whose operations are awaited, and nothing is noted for it. To know the line, the stack is
 * needed at the moment in which the operation is issued. A server for development notes it when the handler issues its operation
 * of that number for the first time. Elsewhere it is noted only after the first time that something was forgotten: that is said
 * at once, without a line, and a second time with it.
 */
import type { CommandEntry } from "../../lib/model/entry.ts";
import { FORGOTTEN_SHOWN_MAX, SITES_MAX } from "../../lib/limits/author.ts";
import { describeCommand } from "../../lib/turn/mismatch.ts";
import { isDevelopment } from "../development.ts";
import { userFrame } from "./user-frame.ts";
import type { LeftOpen, OpenOperations } from "./open-operations.ts";

/** What comes of an operation that is not awaited. Others have had their effect, or have none. */
const CONSEQUENCES: Partial<Record<CommandEntry["kind"], string>> = {
  run: "it did not run",
  sleep: "it did not wait",
  call: "its result is lost (use a send client if that is meant)",
  signal: "nobody waits for it",
  attach: "nobody waits for it",
  "promise.get": "nobody waits for it",
};

interface Site {
  readonly what: string;
  /** Its stack becomes text when it is read, which takes long. */
  readonly here: Error;
}

export class Forgotten {
  /** Service and handler. */
  readonly #name: string;
  readonly #isDevelopment = isDevelopment();
  /** By the number of the operation. */
  readonly #sites = new Map<number, Site>();
  #isWatched = this.#isDevelopment;
  #isSaid = false;
  #isLateSaid = false;

  constructor(name: string) {
    this.#name = name;
  }

  /** Notes where the code of a turn issues its operations. `also`: somebody else who is told of them. */
  watch(open: OpenOperations, also?: (entry: CommandEntry) => void): void {
    const notes = this.#isWatched && !this.#isSaid;
    if (notes || also)
      open.onIssued = (entry) => {
        if (notes) this.#note(entry);
        also?.(entry);
      };
  }

  /** The handler has returned, and its end is recorded. */
  returned(left: readonly LeftOpen[], warn: (text: string) => void): void {
    if (this.#isSaid) return;
    const lost = left.filter(({ entry }) => entry.kind in CONSEQUENCES);
    const [first] = lost;
    if (!first) return;
    const hasLine = this.#lineOf(first.entry) !== "";
    this.#isSaid = hasLine || this.#isWatched;
    this.#isWatched = true;
    warn(this.#words(lost));
  }

  #words(lost: readonly LeftOpen[]): string {
    const parts = lost.slice(0, FORGOTTEN_SHOWN_MAX).map(({ entry, isAwaited }) => {
      const came = isAwaited
        ? "the code that awaits it was not waited for"
        : (CONSEQUENCES[entry.kind] ?? "it had no effect");
      return `${describeCommand(entry)}${this.#lineOf(entry)}: ${came}`;
    });
    const more = lost.length > parts.length ? `; and ${lost.length - parts.length} more` : "";
    const advice = lost.some(({ isAwaited }) => isAwaited)
      ? 'A loop by forEach does not wait: use "for" with "await", or DurablePromise.all. Combine with DurablePromise.race, not Promise.race.'
      : 'Was "await" forgotten?';
    return `${this.#name} returned without awaiting ${parts.join("; ")}${more}. ${advice}`;
  }

  /** It has issued something after that. */
  late(entry: CommandEntry, warn: (text: string) => void): void {
    if (this.#isLateSaid) return;
    this.#isLateSaid = true;
    const site = siteOf(entry);
    warn(
      `${this.#name} used its context after it had returned: ${describeCommand(entry)}${lineIn(site.here)} has no effect. ` +
        "What a handler starts and does not await is not waited for.",
    );
  }

  #note(entry: CommandEntry): void {
    const { command, kind } = entry;
    if (!(kind in CONSEQUENCES) || this.#sites.size >= SITES_MAX || this.#sites.has(command)) return;
    this.#sites.set(command, siteOf(entry));
  }

  /** Empty if it is not known. */
  #lineOf(entry: CommandEntry): string {
    const site = this.#sites.get(entry.command);
    return site?.what === describeCommand(entry) ? lineIn(site.here) : "";
  }
}

/** With so many frames of its stack: the innermost ones are the SDK's. */
const SITE_FRAMES = 16;

function siteOf(entry: CommandEntry): Site {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Math.max(stackTraceLimit, SITE_FRAMES);
  try {
    return { what: describeCommand(entry), here: new Error("here") };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function lineIn({ stack }: Error): string {
  const frame = userFrame(stack);
  return frame === undefined ? "" : `, at ${frame}`;
}
