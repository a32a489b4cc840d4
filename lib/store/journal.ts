/**
 * Appends to one invocation's log, for one turn. Every append is one conditional write on the head (J1, J3, R8): it
 * is won only if the log is exactly as long as this turn believes and the invocation is neither completed nor
 * paused. Of two turns one wins and the other finds out, and a turn that lost changes nothing more (W3).
 *
 * Crash points. Before the write: nothing happened. After it, the answer lost: the head names its writer, so that a
 * repetition recognises its own append instead of taking it for another turn's. Large values and pages are written
 * before what refers to them; without it they are garbage that expires with the invocation, never a dangling reference.
 */
import type { Entry, Note } from "../model/entry.ts";
import { OperationalError } from "../errors.ts";
import {
  type Head,
  headKey,
  inputAttributes,
  keptFor,
  newHead,
  pageKey,
  parseHead,
  type Retention,
  retentionAttributes,
  whileAt,
} from "../model/head.ts";
import type { Incarnation, InvocationId } from "../model/ids.ts";
import { type Attributes, type Change, sizeOf, type Write, type WriteResult } from "../model/item.ts";
import {
  CONFLICT_ATTEMPTS_MAX,
  HEAD_BYTES_SOFT_MAX,
  INLINE_RESULT_BYTES_MAX,
  INLINE_VALUE_BYTES_MAX,
  KEEP_MS,
} from "../limits.ts";
import type { ReplyTo, Start } from "../model/message.ts";
import { decodeOutcome, encodeOutcome, type Outcome } from "../model/outcome.ts";
import type { Clock, ItemStore } from "../ports.ts";
import type { Value } from "../model/value.ts";
import type { Wait } from "../model/wait.ts";
import { storeInput } from "./head-store.ts";
import { refOf } from "../model/value-ref.ts";
import { placeOf, type ValuePorts, writeValue } from "./value-store.ts";
import { pause } from "../pause.ts";

export type AppendResult =
  | {
      readonly kind: "won";
      readonly position: number;
      readonly notes: readonly Note[];
      readonly replies: readonly ReplyTo[];
      /** Of a completion: as the head has it, a long one by its name. */
      readonly outcome?: Outcome;
    }
  /** Notes have come in that this turn has not seen: it goes on instead of suspending. */
  | { readonly kind: "notes"; readonly notes: readonly Note[] }
  | { readonly kind: "lost"; readonly reason: string };

/** What the turn ends with, if this append is its last. */
export type Ending =
  | { readonly kind: "suspended"; readonly wait: Wait }
  | ({ readonly kind: "completed"; readonly outcome: Outcome } & Retention);

export interface JournalSubject {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly deployment: string;
  readonly token?: string;
  /** Present unless the head holds the input already. */
  readonly start?: Start;
  /** The head as last read; absent: none is known. */
  readonly head?: Attributes;
  /** Distinguishes this turn's writes from any other's. */
  readonly writer: string;
}

/** Of a completed head's fields, beside its key, target and log, in bytes. */
const INPUT_KEPT_BELOW_BYTES = 448;
/** Names of stored values that a turn remembers. */
const STORED_REFS_MAX = 1000;

export class Journal {
  readonly #ports: ValuePorts;
  readonly #subject: JournalSubject;
  /** Values that this turn has stored. */
  readonly #stored = new Set<string>();
  #item: Attributes | undefined;
  #appends = 0;
  #page: Promise<void> | undefined;
  #pagedTo: number;

  constructor(items: ItemStore, clock: Clock, subject: JournalSubject) {
    this.#ports = { items, clock };
    this.#subject = subject;
    this.#item = subject.head;
    this.#pagedTo = subject.head === undefined ? 0 : parseHead(subject.head).paged;
  }

  /** Entries in the log, as far as this turn knows. */
  get length(): number {
    return Number(this.#item?.["n"] ?? 0);
  }

  /** There is a head, as far as this turn knows: others can write notes to it. */
  get hasHead(): boolean {
    return this.#item !== undefined;
  }

  /** The size of the head, in bytes, as far as this turn knows, without what a page holds. */
  get headBytes(): number {
    return this.#item === undefined || this.#page !== undefined ? 0 : sizeOf(this.#item);
  }

  /**
   * Appends `entries` and drops `taken` consumed notes, in one write. With an ending, the status changes with it.
   * Entries' large values are stored first. Throws {@link OperationalError} when the store cannot be reached before
   * anything was written; a write whose fate stays unknown is `lost`.
   */
  async append(entries: readonly Entry[], taken: number, asked?: Ending): Promise<AppendResult> {
    const ending = asked && (await this.#storeResult(asked));
    const stored: Value[] = [];
    for (const entry of entries) stored.push(await this.#spillEntry(entry));
    await this.#storeInput(ending);
    await this.#page;
    const position = this.length;
    const writer = `${this.#subject.writer}.${++this.#appends}`;
    const write = await this.#build(stored, taken, writer, ending);
    const result = await this.#decide(write, writer, position);
    if (result === "unknown")
      return { kind: "lost", reason: "the store did not say whether the append was won" };
    if (!result.won) return this.#refused(result.item, taken, ending);
    this.#item = result.item ?? {};
    const head = parseHead(this.#item);
    if (!ending) this.#startPage();
    const { notes, replies, outcome } = head;
    return { kind: "won", position, notes, replies, ...(outcome === undefined ? {} : { outcome }) };
  }

  async #storeResult(ending: Ending): Promise<Ending> {
    if (ending.kind !== "completed") return ending;
    const value = await this.#spill(encodeOutcome(ending.outcome), INLINE_RESULT_BYTES_MAX);
    return { ...ending, outcome: decodeOutcome(value) };
  }

  /** Looks for notes, for a turn that has nothing to append and yet wants to know. Throws {@link OperationalError}. */
  async look(): Promise<Exclude<AppendResult, { kind: "won" }>> {
    const item = await this.#ports.items.get(headKey(this.#subject.id));
    if (!item) return { kind: "lost", reason: "the invocation's head is gone" };
    const head = parseHead(item);
    if (!this.#isAsLeft(head)) return this.#overtaken(head);
    this.#item = item;
    return { kind: "notes", notes: head.notes };
  }

  async #spillEntry(entry: Entry): Promise<Value[]> {
    const copy: Value[] = [...entry];
    const at = VALUE_AT[entry[0]];
    if (entry[0] === "c" || entry[0] === "o") {
      const call: Value[] = [...entry[3]];
      call[3] = await this.#spill(entry[3][3]);
      copy[3] = call;
    } else if (at !== undefined) copy[at] = await this.#spill(copy[at] ?? null);
    return copy;
  }

  /** An append that is refused, or tried again, does not pay for its values twice. */
  async #spill(value: Value, inlineMax = INLINE_VALUE_BYTES_MAX): Promise<Value> {
    if (!(value instanceof Uint8Array) || value.byteLength <= inlineMax) return value;
    const ref = refOf(value);
    if (this.#stored.has(ref)) return ref;
    await writeValue(this.#ports, placeOf(this.#subject.id), ref, value);
    if (this.#stored.size < STORED_REFS_MAX) this.#stored.add(ref);
    return ref;
  }

  /** The input must outlive the Start from the moment that the Start may be deleted: with a suspension. */
  async #storeInput(ending: Ending | undefined): Promise<void> {
    const { start } = this.#subject;
    if (ending?.kind !== "suspended" || !start || this.#item?.["in"] !== undefined) return;
    await storeInput(this.#ports, start);
  }

  async #build(entries: Value[], taken: number, writer: string, ending: Ending | undefined): Promise<Write> {
    const { id, incarnation } = this.#subject;
    const fields = this.#fields(entries.length, writer, ending);
    const key = headKey(id);
    if (!this.#item) {
      const first = newHead(this.#requireStart(), this.#subject);
      return { op: "put", key, attributes: { ...first, ...fields, l: entries }, when: { is: "absent" } };
    }
    const gone = ["w", "y", "f"].filter(
      (name) => this.#item?.[name] !== undefined && fields[name] === undefined,
    );
    const changes: Change[] = [
      ...Object.entries(fields).map(([attribute, value]): Change => ({ do: "set", attribute, value })),
      ...gone.map((attribute): Change => ({ do: "remove", attribute })),
      ...this.#logChanges(entries),
      ...(taken > 0 ? [{ do: "drop", attribute: "m", count: taken } as const] : []),
    ];
    const at = whileAt(incarnation, this.length);
    if (ending?.kind !== "suspended") return { op: "update", key, changes, when: at };
    // No lost wake-up: a suspension is refused while there are notes that it has not consumed (R9).
    return {
      op: "update",
      key,
      changes,
      when: { is: "all", of: [at, { is: "size", attribute: "m", value: taken }] },
    };
  }

  #fields(count: number, writer: string, ending: Ending | undefined): Attributes {
    const { deployment, token } = this.#subject;
    const nowMs = this.#ports.clock.now();
    const item = this.#item;
    const fields: Attributes = {
      s: "running",
      n: this.length + count,
      b: this.length,
      a: writer,
      u: nowMs,
      ba: nowMs,
    };
    if (item && item["d"] === undefined) fields["d"] = deployment;
    if (item && item["k"] === undefined && token !== undefined) fields["k"] = token;
    if (this.#pagedTo > this.#paged) fields["p"] = this.#pagedTo;
    return ending ? { ...fields, ...this.#ending(ending, nowMs, sizeOf(fields)) } : fields;
  }

  #ending(ending: Ending, nowMs: number, otherBytes: number): Attributes {
    const { start } = this.#subject;
    const input = start && this.#item?.["in"] === undefined ? inputAttributes(start) : {};
    if (ending.kind === "suspended") return { s: "suspended", w: ending.wait, ...input };
    const fields = {
      s: "completed",
      x: encodeOutcome(ending.outcome),
      ...retentionAttributes(nowMs, ending),
    };
    // The input is kept for people who look, when that does not cost a write unit more.
    const bytes = otherBytes + sizeOf(fields) + sizeOf(input);
    const isStored = typeof start?.input === "string" || input["in"] instanceof Uint8Array;
    return isStored && bytes < INPUT_KEPT_BELOW_BYTES ? { ...fields, ...input } : fields;
  }

  /** Entries in pages, as the head says. */
  get #paged(): number {
    return Number(this.#item?.["p"] ?? 0);
  }

  /** Entries that a page holds are dropped by the next append, in the same write. */
  #logChanges(entries: Value[]): Change[] {
    const held = this.#item?.["l"];
    if (this.#pagedTo === this.#paged || !Array.isArray(held)) {
      return entries.length === 0 ? [] : [{ do: "append", attribute: "l", values: entries }];
    }
    const tail = held.slice(this.#pagedTo - this.#paged);
    return [{ do: "set", attribute: "l", value: [...tail, ...entries] }];
  }

  /** Writes until the store has said yes or no, or too often nothing. */
  async #decide(write: Write, writer: string, position: number): Promise<WriteResult | "unknown"> {
    for (let attempt = 1; attempt <= CONFLICT_ATTEMPTS_MAX; attempt++) {
      try {
        const result = await this.#ports.items.write(write);
        // Refused by its own first try, whose answer was lost.
        if (!result.won && result.item?.["a"] === writer && Number(result.item["b"]) === position)
          return { ...result, won: true };
        return result;
      } catch (error) {
        if (!(error instanceof OperationalError) || error.code === "too-large") throw error;
        await pause(this.#ports.clock, 20 * 2 ** attempt);
      }
    }
    return "unknown";
  }

  #refused(item: Attributes | undefined, taken: number, ending: Ending | undefined): AppendResult {
    if (!item) return { kind: "lost", reason: "the invocation's head is gone" };
    const head = parseHead(item);
    const onlyNotes = ending?.kind === "suspended" && this.#isAsLeft(head) && head.notes.length > taken;
    if (!onlyNotes) return this.#overtaken(head);
    this.#item = item;
    return { kind: "notes", notes: head.notes };
  }

  /** But for notes, the head is as this turn left it. */
  #isAsLeft(head: Head): boolean {
    return (
      this.#item !== undefined &&
      head.incarnation === this.#subject.incarnation &&
      head.length === this.length &&
      head.status !== "completed" &&
      head.status !== "paused"
    );
  }

  #overtaken(head: Head): { readonly kind: "lost"; readonly reason: string } {
    const reason = `the head is ${head.status} at ${head.length} entries, not at ${this.length}`;
    return { kind: "lost", reason };
  }

  /** Past a size the tail is copied to an immutable page. Two turns that page the same entries agree: the first wins. */
  #startPage(): void {
    const item = this.#item;
    if (!item || sizeOf(item) <= HEAD_BYTES_SOFT_MAX) return;
    const from = this.#paged;
    const entries = item["l"] as Value[];
    if (entries.length === 0) return;
    const key = pageKey(this.#subject.id, this.#subject.incarnation, from);
    const attributes: Attributes = { l: entries, ...keptFor(KEEP_MS, this.#ports.clock.now()) };
    this.#page = this.#ports.items
      .write({ op: "put", key, attributes, when: { is: "absent" } })
      .then((result) => {
        const held = result.won ? entries : result.item?.["l"];
        if (Array.isArray(held)) this.#pagedTo = from + held.length;
      })
      // A page is an economy: without it the head stays longer until the next try.
      .catch(() => undefined);
  }

  #requireStart(): Start {
    const { start } = this.#subject;
    if (!start) throw new TypeError("a turn without a head needs the Start");
    return start;
  }
}

/** Where an entry's possibly large value is; of a call it is in the call. */
const VALUE_AT: Partial<Record<Entry[0], number>> = {
  r: 3,
  g: 3,
  q: 3,
  s: 3,
  v: 3,
  i: 3,
  t: 5,
  n: 2,
};
