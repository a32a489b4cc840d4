/**
 * What is open and what has ended, kept in mind by a server that makes every write itself: the one on this machine. An overview
 * then costs no read, however many invocations are kept.
 *
 * It is told of each write of a head ({@link Tally.headWritten}), and of what was there before it started ({@link Tally.known}).
 * It is a view: nothing rests on it, and a new process makes it anew.
 */
import { isStub } from "../../../lib/model/head.ts";
import { glimpseOf, hasSucceeded } from "../../../lib/model/head-glimpse.ts";
import type { Attributes } from "../../../lib/model/item.ts";
import { statusIn, uncheckedIdIn } from "../../../lib/model/listing.ts";
import { OVERVIEW_OPEN_MAX } from "../../../lib/limits/ui.ts";
import { type OpenSummary, openOf } from "./open.ts";
import { EndedSeries, type HandlerName } from "./series.ts";

interface LiveTurn extends HandlerName {
  readonly id: string;
  readonly key?: string | undefined;
  readonly sinceMs: number;
}

export class Tally {
  readonly series = new EndedSeries();
  readonly #open = new Map<string, OpenSummary>();
  readonly #openMax: number;
  /** Turns that run now, by invocation. Those of invocations that have not written anything are known from here alone. */
  readonly #turns = new Map<string, LiveTurn>();
  /** While what was there before is told: those whose heads were written meanwhile. What is told of them is old. */
  #written: Set<string> | undefined = new Set();
  #left = 0;
  #ended = 0;
  #isEndedLowerBound = false;

  constructor({ openMax = OVERVIEW_OPEN_MAX }: { readonly openMax?: number } = {}) {
    this.#openMax = openMax;
  }

  /** All that is known to be open. */
  open(): readonly OpenSummary[] {
    const unwritten = [...this.#turns.values()].flatMap(({ sinceMs, key, ...turn }): OpenSummary[] =>
      this.#open.has(turn.id)
        ? []
        : [
            {
              ...turn,
              ...(key === undefined ? {} : { key }),
              status: "running",
              sinceMs,
              modifiedAtMs: sinceMs,
            },
          ],
    );
    return [...this.#open.values(), ...unwritten];
  }

  /** Whether all that is open is known; if not, what is known is a lower bound. */
  get isOpenComplete(): boolean {
    return this.#left === 0 && this.#written === undefined;
  }

  /** How many that have ended are kept. */
  get ended(): { readonly count: number; readonly isLowerBound: boolean } {
    return { count: this.#ended, isLowerBound: this.#isEndedLowerBound };
  }

  /** A head was written, or deleted. */
  headWritten(partition: string, before: Attributes | undefined, after: Attributes | undefined): void {
    const id = uncheckedIdIn(partition);
    this.#written?.add(id);
    this.#setOpen(id, openIn(id, after, this.#open.get(id) ?? openIn(id, before)));
    const [was, is] = [isEnded(before), isEnded(after)];
    if (was === is) return;
    this.#ended = Math.max(0, this.#ended + (is ? 1 : -1));
    if (is && after !== undefined) this.#count(after);
  }

  /** A head that was there before the first write that was told. */
  known(partition: string, head: Attributes): void {
    const id = uncheckedIdIn(partition);
    if (this.#written?.has(id) === true) return;
    if (isEnded(head)) this.#count(head);
    else this.#setOpen(id, openIn(id, head));
  }

  /** How many have ended until now: what is told after it is added. */
  knownEnded(count: number, isLowerBound: boolean): void {
    this.#ended = count;
    this.#isEndedLowerBound = isLowerBound;
  }

  /** All that was there before was told; or not all of it. */
  allKnown(isComplete: boolean): void {
    this.#written = undefined;
    if (!isComplete) this.#left++;
  }

  turnBegan(turn: LiveTurn): () => void {
    this.#turns.set(turn.id, turn);
    return () => {
      if (this.#turns.get(turn.id) === turn) this.#turns.delete(turn.id);
    };
  }

  attemptFailed(target: HandlerName, nowMs: number): void {
    this.series.attemptFailed(target, nowMs);
  }

  #setOpen(id: string, open: OpenSummary | undefined): void {
    if (open === undefined) this.#open.delete(id);
    else if (this.#open.size < this.#openMax || this.#open.has(id)) this.#open.set(id, open);
    else this.#left++;
  }

  #count(head: Attributes): void {
    const { target, acceptedAtMs, modifiedAtMs } = glimpseOf(head);
    this.series.ended(target, hasSucceeded(head), modifiedAtMs, modifiedAtMs - acceptedAtMs);
  }
}

/** `undefined`: there is none, or it has ended. */
const openIn = (id: string, item: Attributes | undefined, before?: OpenSummary): OpenSummary | undefined =>
  item === undefined || isStub(item) ? undefined : openOf(id, glimpseOf(item), before);

const isEnded = (head: Attributes | undefined): boolean =>
  head !== undefined && !isStub(head) && statusIn(head) === "completed";
