/**
 * The lines in which `perdure dev` says what happens to invocations: one for each start, suspension, failure and end.
 *
 * When more happens in a second than anybody reads, the first lines are shown and the others are summed up in one. Failures are
 * lines as well: a loop that fails a thousand times a second must not drive the rest off the screen.
 */
import { escaped } from "../lib/log/line.ts";
import {
  CONSOLE_LINES_MAX,
  CONSOLE_SOON_MS,
  CONSOLE_WAITS_MAX,
  CONSOLE_WINDOW_MS,
} from "../lib/limits/cli.ts";
import { shownId } from "../lib/model/shown-id.ts";
import type { InvocationEvent } from "../runtime/dev/events.ts";
import type { InvocationDetails } from "../runtime/dev/invocation-details.ts";
import type { Style } from "./output.ts";
import { shortDuration } from "./time.ts";
import { targetText } from "../lib/model/target-text.ts";

export type InvocationMode = "quiet" | "normal" | "verbose";
/** An attempt that has failed is shown with its stack, by somebody else. */
export type LineEvent = Exclude<InvocationEvent, { kind: "attempt-failed" }>;

export interface ShownLine {
  readonly stream: "stdout" | "stderr";
  readonly style: Style;
  readonly text: string;
  /** Less important than the text. */
  readonly after: string;
}

/** How a sum calls what it left out. */
type LeftOut = "started" | "continued" | "suspended" | "ended" | "steps" | "failed attempts";
const LEFT_OUT: Readonly<Record<InvocationEvent["kind"], LeftOut>> = {
  ...{ turn: "continued", suspended: "suspended", completed: "ended", step: "steps" },
  "attempt-failed": "failed attempts",
};

interface LinesOptions {
  readonly mode: InvocationMode;
  readonly print: (line: ShownLine) => void;
  /** Calls back after so many milliseconds; answers what cancels it. */
  readonly after?: (ms: number, callback: () => void) => void;
}

export class InvocationLines {
  readonly #mode: InvocationMode;
  readonly #print: (line: ShownLine) => void;
  readonly #after: (ms: number, callback: () => void) => void;
  /** Lines of this second; absent: it has not begun. */
  #shown: number | undefined;
  readonly #leftOut = new Map<LeftOut, number>();
  /** One after the other, as they happened. */
  #printing: Promise<void> = Promise.resolve();

  constructor({ mode, print, after = later }: LinesOptions) {
    this.#mode = mode;
    this.#print = print;
    this.#after = after;
  }

  report(event: LineEvent, details: () => Promise<InvocationDetails>): void {
    const isQuiet = this.#mode === "quiet";
    if (!this.#isWanted(event) || (!isQuiet && !this.isRoom(event))) return;
    this.#printing = this.#printing.then(async () => {
      // An invocation that is gone by now has no details.
      const known = await details().catch((): InvocationDetails => ({ waits: [] }));
      const line = lineOf(event, known);
      // Whether it has failed is known only now.
      if (!isQuiet || (line.stream === "stderr" && this.isRoom(event))) this.#print(line);
    });
  }

  /** Whether one more line is read this second. It counts as shown, or as left out. */
  isRoom(event: InvocationEvent): boolean {
    if (this.#shown === undefined) {
      this.#shown = 0;
      this.#after(CONSOLE_WINDOW_MS, () => this.#sumUp());
    }
    if (this.#shown < CONSOLE_LINES_MAX) {
      this.#shown++;
      return true;
    }
    const what = event.kind === "turn" && event.isFirst ? "started" : LEFT_OUT[event.kind];
    this.#leftOut.set(what, (this.#leftOut.get(what) ?? 0) + 1);
    return false;
  }

  /** Resolves when all that was reported is printed. */
  async settled(): Promise<void> {
    await this.#printing;
  }

  #isWanted(event: LineEvent): boolean {
    if (this.#mode === "quiet") return event.kind === "completed";
    return this.#mode === "verbose" || (event.kind === "turn" ? event.isFirst : event.kind !== "step");
  }

  #sumUp(): void {
    this.#shown = undefined;
    if (this.#leftOut.size === 0) return;
    const parts = [...this.#leftOut].map(([what, times]) => `${times} more ${what}`);
    this.#leftOut.clear();
    this.#printing = this.#printing.then(() =>
      this.#print({ stream: "stdout", style: "dim", text: `… and ${parts.join(", ")}`, after: "" }),
    );
  }
}

const later = (ms: number, callback: () => void): void => void setTimeout(callback, ms).unref();

const MARKS = { turn: "▶", suspended: "☾", succeeded: "✓", failed: "✕", cancelled: "⊘", step: "·" } as const;
/** The code of both. */
const CANCELLED = 409;
const CANCELS = /^(cancell?ed|killed)$/iu;

/** Names may come from the network: what a terminal would obey is shown. */
function lineOf(event: LineEvent, details: InvocationDetails): ShownLine {
  const { mark, style, what, isFailure = false } = whatHappened(event, details);
  return {
    stream: isFailure ? "stderr" : "stdout",
    style,
    text: `${clockTime(event.atMs)} ${mark} ${escaped(`${targetText(event.target)} ${what}`)}`,
    after: `  ${escaped(shownId(event.id))}`,
  };
}

interface Happening {
  readonly mark: string;
  readonly style: Style;
  readonly what: string;
  readonly isFailure?: boolean;
}

function whatHappened(event: LineEvent, details: InvocationDetails): Happening {
  switch (event.kind) {
    case "turn": {
      const again = event.attempt > 1 ? `, attempt ${event.attempt}` : "";
      const what = event.isFirst ? "started" : `continues${again}`;
      return { mark: MARKS.turn, style: "blue", what };
    }
    case "suspended":
      return { mark: MARKS.suspended, style: "dim", what: `suspended${waitOf(details, event.atMs)}` };
    case "step": {
      const { name, tookMs, error } = event;
      const step = `step ${JSON.stringify(name)}`;
      if (error === undefined)
        return { mark: MARKS.step, style: "dim", what: `${step} took ${shortDuration(tookMs)}` };
      const what = `${step} failed after ${shortDuration(tookMs)}: ${firstLine(error)}`;
      return { mark: MARKS.failed, style: "yellow", what };
    }
    case "completed":
      return ended(event, details);
  }
}

function ended(
  { atMs, acceptedAtMs }: Extract<LineEvent, { kind: "completed" }>,
  { outcome, steps, acceptedAtMs: accepted = acceptedAtMs }: InvocationDetails,
): Happening {
  const took = accepted === undefined ? "" : ` in ${shortDuration(Math.max(0, atMs - accepted))}`;
  const counted = steps === undefined || steps === 0 ? "" : `, ${steps === 1 ? "1 step" : `${steps} steps`}`;
  if (outcome?.ok !== false)
    return { mark: MARKS.succeeded, style: "green", what: `succeeded${took}${counted}` };
  const { code, message } = outcome.failure;
  if (code === CANCELLED && CANCELS.test(message)) {
    const how = message.toLowerCase() === "killed" ? "killed" : "cancelled";
    return { mark: MARKS.cancelled, style: "dim", what: `was ${how}${took}${counted}` };
  }
  const what = `failed${took}${counted}: [${code}] ${firstLine(message)}`;
  return { mark: MARKS.failed, style: "red", what, isFailure: true };
}

function waitOf({ waits, untilMs }: InvocationDetails, nowMs: number): string {
  const until = untilMs === undefined ? "" : ` until ${momentOf(untilMs, nowMs)}`;
  const shown = waits.slice(0, CONSOLE_WAITS_MAX);
  const more = waits.length - shown.length;
  const named = [...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ");
  return named === "" ? until : `${until}: waits for ${named}`;
}

const clockTime = (atMs: number): string => new Date(atMs).toTimeString().slice(0, "hh:mm:ss".length);

/** In the zone of this machine; with the day if that is not soon. */
function momentOf(atMs: number, nowMs: number): string {
  if (atMs - nowMs < CONSOLE_SOON_MS) return clockTime(atMs);
  const date = new Date(atMs);
  if (Number.isNaN(date.getTime())) return "the end of time";
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockTime(atMs)}`;
}

const firstLine = (text: string): string => text.split("\n")[0] ?? "";
