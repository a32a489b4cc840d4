/**
 * The dispatcher's own conditional writes on a head: notes, back-off, pause, the end of what cannot run. Each is
 * refused when the head has moved on, and then means nothing (W3).
 */
import { readHead, type StoredHead, storeInput } from "../../lib/store/head-store.ts";
import { spill } from "../../lib/store/value-store.ts";
import type { Entry, Note } from "../../lib/model/entry.ts";
import { OperationalError } from "../../lib/errors.ts";
import {
  encodeAttempt,
  encodeReplyTo,
  type Head,
  headKey,
  inputAttributes,
  newHead,
  parseHead,
  type Retention,
  retentionAttributes,
  whileAt,
  whileEnded,
  whileOpen,
  whileToken,
} from "../../lib/model/head.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Attributes, Change, Condition } from "../../lib/model/item.ts";
import { CONFLICT_ATTEMPTS_MAX } from "../../lib/limits.ts";
import type { ReplyTo, Start } from "../../lib/model/message.ts";
import { encodeOutcome, type Outcome } from "../../lib/model/outcome.ts";
import type { AttemptState, TurnFailure } from "../../lib/protocol.ts";
import type { Value } from "../../lib/model/value.ts";
import type { DispatcherPorts } from "./delivery.ts";
import { fromHead, type Known } from "./known.ts";

/** Why and until when an invocation rests. */
interface Resting {
  readonly attempt: AttemptState;
  readonly failure?: TurnFailure;
  readonly dueAtMs?: number;
  readonly carried: readonly Note[];
}

export class InvocationWriter {
  readonly #ports: DispatcherPorts;

  constructor(ports: DispatcherPorts) {
    this.#ports = ports;
  }

  /** Adds notes to the head's list (R9). Answers the head as it then is; `undefined`: it is completed, or gone. */
  async addNotes(id: InvocationId, head: Head, notes: readonly Note[]): Promise<StoredHead | undefined> {
    const values: Value[] = [];
    for (const note of notes) values.push(await this.#stored(id, note));
    return await this.#update(id, [{ do: "append", attribute: "m", values }], whileOpen(head.incarnation));
  }

  /** A large result is stored apart before the note that refers to it. */
  async #stored(id: InvocationId, note: Note): Promise<Value> {
    const copy = [...note] as Value[];
    const at = note[0] === "n" ? 2 : note[0] === "i" ? 3 : undefined;
    if (at !== undefined) copy[at] = await spill(this.#ports, id, copy[at] ?? null);
    return copy;
  }

  /** Writes `backing-off` or `paused`, with what failed, and keeps the notes that rode in the message. `false`: the
   * log is no longer as long as known, or the invocation has ended. */
  async rest(known: Known, status: "backing-off" | "paused", resting: Resting): Promise<boolean> {
    const { items, clock } = this.#ports;
    const { id, start, token, length } = known;
    const fields: Attributes = {
      s: status,
      u: clock.now(),
      f: encodeAttempt(resting.attempt, resting.failure),
      ...(resting.dueAtMs === undefined ? {} : { y: resting.dueAtMs }),
    };
    const stored = await readHead(items, id);
    if (!stored) {
      if (!start || length > 0) return false;
      return await this.#create(known, start, { ...(await this.#input(known)), ...fields });
    }
    const { head } = stored;
    const missing = {
      ...(await this.#input(fromHead(id, stored, token, start))),
      ...(head.token === undefined && token !== undefined ? { k: token } : {}),
    };
    const changes = [...sets({ ...fields, ...missing }), ...(await this.#keep(id, head, resting.carried))];
    const when: Condition = { is: "all", of: [whileAt(head.incarnation, length), whileToken(token)] };
    return (await this.#update(id, changes, when)) !== undefined;
  }

  /** The notes that the head does not have yet: what has ridden in a message must outlive it. */
  async #keep(id: InvocationId, head: Head, carried: readonly Note[]): Promise<Change[]> {
    const seen = new Set([...head.notes, ...head.tail].map(keyOf));
    const values: Value[] = [];
    for (const note of carried) if (!seen.has(keyOf(note))) values.push(await this.#stored(id, note));
    return values.length === 0 ? [] : [{ do: "append", attribute: "m", values }];
  }

  /** The input, stored or to be stored with the head, unless the head has it. */
  async #input({ start, item }: Known): Promise<Attributes> {
    if (!start || item?.["in"] !== undefined) return {};
    return inputAttributes(await storeInput(this.#ports, start));
  }

  async #create(known: Known, start: Start, fields: Attributes): Promise<boolean> {
    const attributes = { ...newHead(start, known), ...fields };
    const { won } = await this.#ports.items.write({
      op: "put",
      key: headKey(known.id),
      attributes,
      when: { is: "absent" },
    });
    return won;
  }

  /** Writes that it is parked behind its key's lock. `false`: it has moved on, or another message
   * has parked it: look again. */
  async park(known: Known): Promise<boolean> {
    const { head, start, token, length, id } = known;
    const fields = { ...(await this.#input(known)), s: "pending", u: this.#ports.clock.now() };
    if (!head) return start !== undefined && (await this.#create(known, start, fields));
    if (head.status === "pending") return head.token === token;
    const changes = sets({ ...fields, ...(token === undefined ? {} : { k: token }) });
    const when: Condition = { is: "all", of: [whileAt(head.incarnation, length), whileToken(token)] };
    return (await this.#update(id, changes, when)) !== undefined;
  }

  /** The input must be in the store before the Start that brought it may be deleted. */
  async keepInput(known: Known): Promise<void> {
    const input = known.head ? await this.#input(known) : {};
    if (Object.keys(input).length > 0)
      await this.#update(known.id, sets(input), whileOpen(known.incarnation));
  }

  /** Leaves a pause or cuts a back-off short. Answers the head as it then is. */
  async release(id: InvocationId, head: Head): Promise<StoredHead | undefined> {
    // A suspended head has a timer or a message of its own on the way.
    const resting = (["paused", "backing-off"] as const).map(
      (value) => ({ is: "eq", attribute: "s", value }) as const,
    );
    return await this.#update(id, sets({ s: "backing-off", y: this.#ports.clock.now() }), {
      is: "all",
      of: [
        whileOpen(head.incarnation),
        { is: "eq", attribute: "n", value: head.length },
        { is: "any", of: resting },
      ],
    });
  }

  /** Ends an invocation without running its code: killed, cancelled before it started, out of attempts. Answers the
   * head as it then is; `undefined`: it has ended otherwise. */
  async end(known: Known, outcome: Outcome, retention: Retention): Promise<Head | undefined> {
    const nowMs = this.#ports.clock.now();
    const fields = {
      s: "completed",
      u: nowMs,
      x: encodeOutcome(outcome),
      ...retentionAttributes(nowMs, retention),
    };
    const stored = await readHead(this.#ports.items, known.id);
    if (!stored) {
      if (!known.start || !(await this.#create(known, known.start, fields))) return undefined;
      return parseHead({ ...newHead(known.start, known), ...fields });
    }
    // Without `n`: a turn that is running finds at its next append that the invocation has ended (R12).
    return (await this.#update(known.id, sets(fields), whileOpen(stored.head.incarnation)))?.head;
  }

  /** Another caller awaits the result (attach). Harmless to repeat. `undefined`: it has completed meanwhile. */
  async addReply(id: InvocationId, incarnation: number, to: ReplyTo): Promise<Head | undefined> {
    for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
      const stored = await readHead(this.#ports.items, id);
      if (!stored || stored.head.status === "completed" || stored.head.incarnation !== incarnation)
        return undefined;
      if (stored.head.replies.some((known) => isSame(known, to))) return stored.head;
      const count = stored.head.replies.length;
      const unchanged: Condition =
        count === 0 ? { is: "missing", attribute: "r" } : { is: "size", attribute: "r", value: count };
      const values = [encodeReplyTo(to)];
      const change: Change =
        count === 0 ? { do: "set", attribute: "r", value: values } : { do: "append", attribute: "r", values };
      const updated = await this.#update(id, [change], {
        is: "all",
        of: [whileOpen(incarnation), unchanged],
      });
      if (updated) return updated.head;
    }
    throw new OperationalError("unavailable", `the head of ${id} is contended`);
  }

  /** A new life of a derived id whose last one has expired. `false`: someone else was first. */
  async reincarnate(start: Start, expired: Head): Promise<boolean> {
    const attributes = {
      ...newHead(start, {}),
      ...inputAttributes(await storeInput(this.#ports, start)),
      ...(start.dueAtMs === undefined ? { s: "accepted" } : { s: "scheduled", y: start.dueAtMs }),
      u: this.#ports.clock.now(),
      ...(expired.expiresAtMs === undefined ? {} : { pe: expired.expiresAtMs }),
    };
    const when = whileEnded(expired);
    return (await this.#ports.items.write({ op: "put", key: headKey(start.id), attributes, when })).won;
  }

  /** Registers a delayed start that a handler has sent; one from the door is registered already. */
  async schedule(start: Start, dueAtMs: number): Promise<void> {
    const attributes = {
      ...newHead(start, {}),
      ...inputAttributes(await storeInput(this.#ports, start)),
      s: "scheduled",
      y: dueAtMs,
      u: this.#ports.clock.now(),
    };
    await this.#ports.items.write({ op: "put", key: headKey(start.id), attributes, when: { is: "absent" } });
  }

  async #update(
    id: InvocationId,
    changes: readonly Change[],
    when: Condition,
  ): Promise<StoredHead | undefined> {
    const { won, item } = await this.#ports.items.write({ op: "update", key: headKey(id), changes, when });
    return won && item ? { head: parseHead(item), item } : undefined;
  }
}

const isSame = (a: ReplyTo, b: ReplyTo): boolean =>
  a.id === b.id && a.incarnation === b.incarnation && a.command === b.command;

/** Tells notes apart; the entry that a note has become has the key of the note. */
function keyOf(entry: Entry | Note): string | undefined {
  if (entry[0] === "n") return `n${entry[1]}`;
  if (entry[0] === "i") return `i${entry[2]}`;
  return entry[0] === "x" ? `x${entry[1]}` : undefined;
}

const sets = (fields: Attributes): Change[] =>
  Object.entries(fields).map(([attribute, value]) => ({ do: "set", attribute, value }));
