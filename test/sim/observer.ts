/**
 * Sees every effect at the instant at which it takes place, and checks what must always hold: J1, J2, J3, W1, W2, W3, T1,
 * R8, R10, R16, and LIFE. What must hold at the end is in `checkers.ts`.
 *
 * LIFE: an id, or a workflow's key, can live again after its retention. A life begins only after the one before it has
 * expired. Nothing shows what an expired life has left.
 */
import { decodeEntry, encodeEntry, encodeNote, type Entry } from "../../lib/model/entry.ts";
import { groupOf, isExclusiveId } from "../../lib/model/ids.ts";
import { isStub } from "../../lib/model/head.ts";
import { inputName } from "../../lib/model/head-keys.ts";
import { laneOf } from "../../lib/store/send.ts";
import type { Attributes, ItemKey, Write, WriteResult } from "../../lib/model/item.ts";
import { decodeMessage, type Message, type Start } from "../../lib/model/message.ts";
import { equalValues, type Value } from "../../lib/model/value.ts";
import { Acknowledged } from "./acknowledged.ts";
import type { Actor, CurrentTurn } from "./actor.ts";
import { Causality } from "./causality.ts";
import type { Life, SentMessage } from "./life.ts";
import { lockViolation } from "./lock-checker.ts";
import { MessageBound } from "./message-bound.ts";
import { Once } from "./once.ts";
import type { Program } from "./program.ts";
import { Silence } from "./silence.ts";
import { SourceWatch } from "./source-watch.ts";
import { journalValue, stateValue, tokensIn } from "./stored-value.ts";
import type { Tables } from "./tables.ts";
import { summary, textOf, type Trace } from "./trace.ts";
import { Undelivered } from "./undelivered.ts";
import { SimUserTables } from "./user-tables.ts";

/** Thrown where an invariant is violated; it stops the run. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly rule: string;
  constructor(rule: string, message: string) {
    super(`${rule}: ${message}`);
    this.rule = rule;
  }
}

/** What a handler knew when it asked for a step. */
export interface Account {
  /** Results of steps. */
  readonly known: readonly string[];
  /** Its observations, as the beginning of the JSON of its result's. */
  readonly seen: string | undefined;
}
export interface StateWrite {
  readonly fence: string;
  readonly value: string | null;
}

/** Statuses that an invocation has only after one of its turns did something or was held back. */
const BEGUN: ReadonlySet<string> = new Set(["running", "suspended", "backing-off", "paused"]);

export class Observer {
  /** The first violation. */
  violation: Violation | undefined;
  /** By id; a new incarnation replaces the old one. */
  readonly lives = new Map<string, Life>();
  /** Lives that ended, for completeness, by `id incarnation`. */
  readonly ended = new Set<string>();
  readonly acknowledged: Acknowledged;
  readonly undelivered: Undelivered;
  /** Values that logs refer to, as they were when they were written: a purge removes them. By `id ref`. */
  readonly values = new Map<string, Uint8Array>();
  /** Step results that are in a log. */
  readonly durable = new Set<string>();
  /** What is stored, when what was written refers to it. */
  tables: Tables | undefined;
  /** Exclusive invocations that have begun, by group, in order. */
  readonly begun = new Map<string, Life[]>();
  /** Sequence of the first Start that the mailbox accepted, by id. */
  readonly firstStart = new Map<
    string,
    { sequence: string; delayed: boolean; incarnation: number; atMs: number }
  >();
  readonly starts = new Map<string, Message & { kind: "start" }>();
  /** Lives whose Start the mailbox has had, by `id incarnation`. */
  readonly sentLives = new Set<string>();
  /** Successful writes of each state key, in order. */
  readonly state = new Map<string, StateWrite[]>();
  /** Logs in pages that restarts have written, whose heads come after them. */
  readonly #copies = new Map<string, Entry[]>();
  /** The newest token that has read the key, by state partition. */
  readonly #readers = new Map<string, string>();
  /** Steps that were run, and what led to them, by `id incarnation`. */
  readonly accounts = new Map<string, { step: string; seen: string }[]>();
  /** When a life that has ended expires, by `id incarnation`. */
  readonly expiries = new Map<string, number>();
  /** The life in which a program ran last. */
  readonly #lifeOf = new Map<string, string>();
  /** When a life's code first ran. */
  readonly #enteredMs = new Map<string, number>();
  readonly operations: Record<string, number> = {};
  readonly messages = new MessageBound();
  readonly once = new Once();
  readonly sources: SourceWatch;
  /** What programs have written to tables of their own, and what logs say of it (X1). */
  readonly userTables: SimUserTables;
  readonly #causality = new Causality();
  maxSkewMs = 0;
  readonly silence = new Silence(this);
  /** Invocations whose code is not deterministic on purpose. */
  readonly drifting = new Set<string>();
  /** Another version of the engine runs beside today's. */
  isMixed = false;
  readonly #now: () => number;
  readonly #trace: Trace;

  constructor(now: () => number, trace: Trace) {
    this.#now = now;
    this.#trace = trace;
    const fail = (rule: string, message: string): void => this.fail(rule, message);
    this.acknowledged = new Acknowledged({ lives: this.lives, now, fail });
    this.undelivered = new Undelivered(this.lives, now);
    this.sources = new SourceWatch(fail, (operation) => this.count(operation));
    this.userTables = new SimUserTables(fail, (operation) => this.count(operation));
  }

  fail(rule: string, message: string): void {
    this.violation ??= new Violation(rule, message);
    this.#trace.add("checker", "VIOLATION", `${rule}: ${message}`);
  }
  count(operation: string): void {
    this.operations[operation] = (this.operations[operation] ?? 0) + 1;
  }

  // --- items -------------------------------------------------------------------------------------------------

  // oxlint-disable-next-line complexity -- one condition for each rule
  read(actor: Actor, key: ItemKey, item: Attributes | undefined): void {
    this.#trace.add(actor.name, "reads", `${short(key.pk)} ${key.sk}${item === undefined ? " (none)" : ""}`);
    if (key.table === "journal" && key.sk === "head") this.once.reads(actor.name, idIn(key.pk), item?.["s"]);
    const token = actor.turn?.token;
    if (
      actor.kind !== "handler" ||
      token === undefined ||
      key.table !== "state" ||
      !key.pk.includes(".state.")
    )
      return;
    const life = this.lives.get(actor.turn?.id ?? "");
    if (life?.status === "completed") return;
    const newest = this.#readers.get(key.pk);
    if (newest === undefined || newest < token) this.#readers.set(key.pk, token);
  }

  written(actor: Actor, write: Write, before: Attributes | undefined, result: WriteResult): void {
    const { table, pk, sk } = write.key;
    const what = result.won ? write.op : `${write.op} refused`;
    const detail = result.won && this.#trace.isDetailed ? summary(sk, result.item) : "";
    this.#trace.add(actor.name, what, `${short(pk)} ${sk} ${detail}`);
    if (sk === "lock") this.#lockWritten(actor, before, result);
    if (!result.won) return;
    if (table === "journal") this.sources.written(write.key, before, result.item);
    const id = idIn(pk);
    if (table === "journal" && sk === "head") this.#headWritten(actor, id, before, result.item);
    else if (table === "journal" && sk.startsWith("page#")) this.#pageWritten(actor, id, sk, result.item);
    else if (table === "state" && pk.includes(".state.")) this.#stateWritten(actor, pk, sk, result.item);
  }

  #isDead = (life: Life): boolean => this.acknowledged.dead.has(life.id) && !this.#hasRun(life);
  #lockWritten(actor: Actor, before: Attributes | undefined, { won, item }: WriteResult): void {
    if (!won) return this.messages.doubt();
    this.messages.lockWritten(before, item);
    if (item) this.once.hands(actor.name, textOf(item["o"]));
    const owner = this.lives.get(textOf(item?.["o"]));
    if (typeof item?.["u"] === "number" && owner?.status === "paused" && this.#isDead(owner))
      this.fail("R16", `${owner.id} has its key, and the mailbox gave its Start up before it began`);
    const wrong = lockViolation(actor, before, item, this.lives, this.#now() + this.maxSkewMs);
    if (wrong !== undefined) this.fail("R6", wrong);
  }

  #hasRun = ({ id, incarnation, entries }: Life): boolean =>
    entries.length > 0 || this.#enteredMs.has(`${id} ${incarnation}`);

  // oxlint-disable-next-line complexity -- one condition for each rule
  #headWritten(
    actor: Actor,
    id: string,
    before: Attributes | undefined,
    after: Attributes | undefined,
  ): void {
    if (!after) return this.fail("J1", `the head of ${id} was deleted by ${actor.name}`);
    if (isStub(after)) return this.count("stub");
    if (before && isStub(before)) {
      this.count("stub adopted");
      return this.#headWritten(actor, id, undefined, after);
    }
    const incarnation = Number(after["i"]);
    let life = this.lives.get(id);
    if (!life || life.incarnation !== incarnation) {
      if (life && life.status !== "completed")
        this.fail("R10", `${id} got a new life while its old one was ${life.status}`);
      if (life && Number(life.head["e"]) > this.#now() + this.maxSkewMs + 1)
        this.fail("LIFE", `${id} got a new life before its old one expired`);
      life = {
        id,
        incarnation,
        entries: [],
        status: "",
        token: undefined,
        target: [],
        completedMs: undefined,
        head: after,
        copied: after["s"] === "accepted" ? Number(after["n"]) : 0,
      };
      this.lives.set(id, life);
      if (after["in"] === true) this.#valueOf(id, inputName(incarnation));
      for (const entry of this.#copies.get(id)?.slice(0, life.copied) ?? []) {
        life.entries.push(entry);
        this.#entered(life, entry);
      }
    } else if (
      actor.kind === "operator" &&
      this.acknowledged.purging.has(id) &&
      before?.["s"] === "completed"
    ) {
      return this.#purged(life, after);
    } else if (before?.["s"] === "completed") this.#unchanged(id, before, after);
    else if (before === undefined && life.status === "completed")
      this.fail("M2", `${id} has ended, was deleted, and runs again`);
    this.acknowledged.written(actor, life, before, after);
    if (actor.turn?.id === id) this.acknowledged.tells(actor.name, after);
    if (after["s"] === "paused") this.once.excuse(id);
    this.#appended(life, after);
    this.#pinned(actor, life, before, after);
    this.#statusWritten(actor, life, before, after);
  }

  /** What it did is known from before. Its result and its log are gone. */
  #purged(life: Life, after: Attributes): void {
    this.count("purged head");
    life.head = after;
    if (after["e"] !== undefined) this.expiries.set(`${life.id} ${life.incarnation}`, Number(after["e"]));
  }

  // oxlint-disable-next-line complexity -- one condition for each rule
  #statusWritten(actor: Actor, life: Life, before: Attributes | undefined, after: Attributes): void {
    const status = textOf(after["s"]);
    if (status === "paused" || status === "completed") this.silence.said(life.id);
    const length = Number(after["n"]);
    const moves = Number(before?.["n"] ?? 0) < length || status !== life.status;
    if (status === "completed" && life.status !== "completed") this.#completed(actor, life);
    for (const name of ["in", "x", "m"]) this.#refersTo(life.id, after[name]);
    if (after["e"] !== undefined) this.expiries.set(`${life.id} ${life.incarnation}`, Number(after["e"]));
    life.head = after;
    life.target = after["t"] as string[];
    if (after["k"] !== undefined) life.token = textOf(after["k"]);
    else if (before?.["k"] !== undefined) life.token = undefined;
    // A Start that the mailbox gave up is paused by the watch, and takes its place when it is resumed.
    const isGivenUp =
      actor.kind === "reconciler" ||
      ((status === "paused" || status === "backing-off") && life.token === undefined);
    const begins = (length > life.copied || BEGUN.has(status)) && !isGivenUp;
    if (moves && begins && isExclusiveId(life.id)) this.#begins(actor, life);
    life.status = status;
  }

  #completed(actor: Actor, life: Life): void {
    // An earlier version's handler answers first.
    const unsent =
      actor.kind === "handler" && !this.isMixed
        ? this.#causality.violation({ ...life, entries: life.entries.slice(life.copied) })
        : undefined;
    if (unsent !== undefined) this.fail("R24", unsent);
    life.completedMs = this.#now();
    const name = `${life.id} ${life.incarnation}`;
    if (this.ended.has(name)) this.fail("J3", `${life.id} was completed twice`);
    this.ended.add(name);
  }

  #unchanged(id: string, before: Attributes, after: Attributes): void {
    for (const name of ["s", "n", "l", "x", "p", "m"]) {
      if (!equalValues(before[name], after[name]))
        this.fail("J3", `${name} of ${id} changed after its completion`);
    }
  }

  /** J1: the log only grows, and every prefix stays as it is. */
  #appended(life: Life, after: Attributes): void {
    const [length, paged] = [Number(after["n"]), Number(after["p"])];
    const tail = (after["l"] as Value[] | undefined) ?? [];
    const { entries, id } = life;
    if (length < entries.length)
      this.fail("J1", `the log of ${id} shrank from ${entries.length} to ${length}`);
    if (paged + tail.length !== length)
      this.fail("J1", `${id}: ${paged} paged and ${tail.length} in the head, of ${length}`);
    tail.forEach((stored, index) => {
      const position = paged + index;
      const held = entries[position];
      if (held === undefined) {
        if (position !== entries.length) this.fail("J1", `${id} has no entry before position ${position}`);
        const entry = decodeEntry(stored);
        entries.push(entry);
        this.#entered(life, entry);
      } else if (!equalValues(encodeEntry(held), stored)) {
        this.fail(
          "J1",
          `entry ${position} of ${id} was ${JSON.stringify(held)} and is ${JSON.stringify(stored)}`,
        );
      }
    });
  }

  /** R8: what refers to a value is written after all of it. */
  #valueOf(id: string, value: Value): Value {
    if (typeof value !== "string" || !this.tables) return value;
    const bytes = journalValue(this.tables, id, value);
    if (!bytes) this.fail("R8", `${id} refers to ${value}, which is not there`);
    else this.values.set(`${id} ${value}`, bytes);
    return bytes ?? null;
  }

  #refersTo(id: string, value: Value | undefined): void {
    for (const ref of refsIn(value ?? null)) this.#valueOf(id, ref);
  }

  #entered(life: Life, entry: Entry): void {
    this.#refersTo(life.id, encodeEntry(entry));
    if (entry.kind !== "run" && entry.kind !== "completion") return;
    const { kind, command } = entry;
    // A signal's command is completed whenever its wait gives up its place (decision 0016).
    if (life.entries.some((other) => other.kind === "signal" && other.command === command)) return;
    const isTwice = life.entries.some(
      (other) => other !== entry && other.kind === kind && other.command === command,
    );
    if (entry.kind === "run") {
      const tokens = tokensIn(this.#valueOf(life.id, entry.outcome));
      for (const token of tokens) this.durable.add(token);
      this.userTables.recorded(life, entry, tokens);
      if (isTwice) this.fail("J2", `the result of step ${entry.name} of ${life.id} was recorded twice`);
      return;
    }
    if (isTwice) this.fail("J2", `command ${command} of ${life.id} was completed twice`);
    if (Array.isArray(entry.outcome) && entry.outcome[0] === 429) this.count("too many callers");
    const slept = life.entries.find((other) => other.kind === "sleep" && other.command === command);
    const dueMs = slept?.kind === "sleep" ? slept.dueAtMs : 0;
    if (this.#now() + this.maxSkewMs + 1 < dueMs)
      this.fail("T1", `sleep ${command} of ${life.id} ended ${dueMs - this.#now()} ms early`);
  }

  #pinned(actor: Actor, life: Life, before: Attributes | undefined, after: Attributes): void {
    if (!before || before["i"] !== after["i"]) return;
    if (before["k"] !== undefined && before["k"] !== after["k"] && !mayLosePlace(before, after))
      this.fail("R10", `the token of ${life.id} changed`);
    const repinned = before["d"] !== undefined && before["d"] !== after["d"];
    if (repinned && actor.kind !== "operator")
      this.fail("R10", `${life.id} moved from deployment ${textOf(before["d"])} to ${textOf(after["d"])}`);
    if (!equalValues(before["t"], after["t"])) this.fail("R10", `the target of ${life.id} changed`);
    if (before["n"] !== after["n"]) this.#appendedBy(actor, life, before["d"]);
  }

  /** Only a turn on the deployment that the head names. */
  #appendedBy({ turn }: Actor, { id }: Life, deployment: Value | undefined): void {
    if (deployment === undefined || turn?.id !== id || turn.deployment === deployment) return;
    this.fail("R18", `${id} is on ${textOf(deployment)}, and a turn on ${turn.deployment} has appended`);
  }

  /** W1: between begin and end of an invocation no other one of its key does anything. W2: they begin in the order of tokens. */
  // oxlint-disable-next-line complexity -- one condition for each rule
  #begins(actor: Actor, life: Life): void {
    const group = groupOf(life.id);
    const begun = this.begun.get(group) ?? [];
    this.begun.set(group, begun);
    // One whose Start the mailbox gave up is overtaken, although it may have run.
    const { dead } = this.acknowledged;
    const open = begun.find((other) => other !== life && other.status !== "completed" && !dead.has(other.id));
    if (open && !dead.has(life.id))
      this.fail(
        "W1",
        `${actor.name} writes to ${life.id} while ${open.id} of the same key is ${open.status}`,
      );
    if (begun.includes(life)) return;
    const later = begun.find((other) => (other.token ?? "") > (life.token ?? ""));
    if (later && life.token !== undefined && !dead.has(life.id) && !dead.has(later.id))
      this.fail("W2", `${life.id} (${life.token}) begins after ${later.id} (${later.token})`);
    begun.push(life);
    const first = this.firstStart.get(life.id);
    const isRedriven = this.acknowledged.dead.has(life.id);
    const edit = first && !isRedriven && this.acknowledged.overtaken(group, first.atMs, begun);
    if (edit)
      this.fail("EDIT", `${life.id} begins before ${edit}, which was acknowledged before it was asked for`);
    if (
      first &&
      !isRedriven &&
      !first.delayed &&
      first.incarnation === life.incarnation &&
      life.token !== undefined
    ) {
      const expected = first.sequence.padStart(24, "0");
      if (!life.token.endsWith(expected))
        this.fail("W2", `the token of ${life.id} is ${life.token}; its first Start had ${first.sequence}`);
    }
  }

  #pageWritten(actor: Actor, id: string, sk: string, item: Attributes | undefined): void {
    this.count("page");
    const [, incarnation, start] = sk.split("#");
    const life = this.lives.get(id);
    // A restart writes the log that it goes on from, and then the head.
    if (!life && actor.kind === "operator") {
      const log = this.#copies.get(id) ?? [];
      const stored = ((item?.["l"] ?? []) as Value[]).map(decodeEntry);
      this.#copies.set(id, [...log.slice(0, Number(start)), ...stored]);
      return;
    }
    if (!life || life.incarnation !== Number(incarnation))
      return this.fail("J1", `a page of ${id} without its head`);
    ((item?.["l"] ?? []) as Value[]).forEach((stored, index) => {
      const held = life.entries[Number(start) + index];
      if (!equalValues(held && encodeEntry(held), stored))
        this.fail("J1", `page ${sk} of ${id} differs from the log at ${index}`);
    });
  }

  /** W3: no write to a key's state after a later invocation has read or begun. J2: only durable values are written. */
  #stateWritten(actor: Actor, pk: string, sk: string, item: Attributes | undefined): void {
    if (!item) return this.fail("W3", `state ${sk} was deleted`);
    const fence = textOf(item["f"]);
    const token = fence.slice(0, fence.lastIndexOf("."));
    const bytes = this.tables ? stateValue(this.tables, pk, sk, item) : null;
    if (bytes === undefined)
      return this.fail("W3", `${sk} names chunks that are not there, or of another version`);
    const value = bytes && new TextDecoder().decode(bytes);
    if (item["c"] !== undefined) this.count("long state");
    const newest = this.#readers.get(pk);
    if (newest !== undefined && newest > token)
      this.fail("W3", `${actor.name} writes ${sk} as ${token}, after ${newest} has read the key`);
    for (const written of tokensIn(bytes ?? undefined)) {
      if (!this.durable.has(written))
        this.fail("J2", `${actor.name} writes ${sk} = ${value} before the result is durable`);
    }
    const name = `${pk} ${sk}`;
    const history = this.state.get(name) ?? [];
    this.state.set(name, history);
    const last = history.at(-1);
    if (last && last.fence >= fence)
      this.fail("W3", `${sk} was written by ${last.fence} and then by ${fence}`);
    history.push({ fence, value });
  }

  // --- messages ----------------------------------------------------------------------------------------------

  #laneChecked(message: Message, group: string): void {
    const own = groupOf(message.id);
    const expected = message.kind === "start" && message.dueAtMs !== undefined ? message.id : laneOf(message);
    // Earlier versions send everything where Starts come.
    const isEarlier = this.isMixed && (group === own || group === message.id);
    // What comes between two lives goes behind the Starts.
    const isBehind = "behind" in message && group === own;
    if (isBehind) this.count("behind the Starts");
    if (group !== expected && !isEarlier && !isBehind)
      this.fail("R16", `a ${message.kind} for ${message.id} went to group ${group}`);
  }

  accepted(by: string, { group, sequence, body }: SentMessage): void {
    this.#trace.add(by, "sends", `${sequence.slice(-5)} ${body.slice(0, 200)}`);
    const message = decodeMessage(body);
    this.count(`message ${message.kind}`);
    this.messages.sent(by, message);
    if (message.kind === "resume" && message.wake && this.once.hasSeenBegun(by, message.id))
      this.fail("R23", `${by} wakes ${message.id}, which it has seen running`);
    this.#causality.sent(message);
    this.#laneChecked(message, group);
    if ("from" in message || "inputFrom" in message) this.count("value by reference");
    this.acknowledged.accepted(by, { group, sequence, body }, message);
    if (message.kind === "start") this.#startAccepted(by, sequence, message);
    if (message.kind === "notify" && !this.acknowledged.isForPurged(by, message))
      this.#refersTo(message.from ?? message.id, encodeNote(message.note));
  }

  #startAccepted(by: string, sequence: string, message: Message & { kind: "start" }): void {
    const { id, incarnation, dueAtMs, guard, guardAtMs, ended } = message;
    if (guard !== undefined && guardAtMs !== undefined) this.count("guard of a turn at the door");
    else if (guard !== undefined) this.count(`early guard${ended === undefined ? "" : " with an outcome"}`);
    if (!this.firstStart.has(id))
      this.firstStart.set(id, { sequence, delayed: dueAtMs !== undefined, incarnation, atMs: this.#now() });
    if (!this.starts.has(id)) this.starts.set(id, message);
    this.sentLives.add(`${id} ${incarnation}`);
    if (!this.acknowledged.isForPurged(by, message)) this.asked(by, message);
    if (this.sources.isOn) this.sources.sent(message, this.#valueOf(message.inputFrom ?? id, message.input));
  }
  /** By a message, by a timer that is durable, or without either: at the door, in memory (R27, R28). */
  asked(by: string, start: Start): void {
    const { id, input, inputFrom = id } = start;
    this.#causality.sent(start);
    for (const token of tokensIn(this.#valueOf(inputFrom, input))) {
      if (!this.durable.has(token))
        this.fail("J2", `${by} starts ${id} on account of ${token}, which is not durable`);
    }
  }
  swallowed(by: string, _group: string, body: string): void {
    this.#trace.add(by, "sends (swallowed)", body.slice(0, 200));
    this.count("message swallowed");
    this.messages.sent(by, decodeMessage(body));
  }
  deleted(message: SentMessage): void {
    this.#trace.add("mailbox", "deletes", message.sequence.slice(-5));
    // An earlier version drops what comes before the first write.
    if (!this.isMixed) this.acknowledged.deleted(message);
  }
  restored(message: SentMessage): void {
    this.acknowledged.restored(message);
  }
  gaveUp({ sequence, body }: SentMessage): void {
    this.#trace.add("mailbox", "gives up", `${sequence.slice(-5)} ${body.slice(0, 120)}`);
    const message = decodeMessage(body);
    this.count("dead letter");
    this.count(`dead ${message.kind}`);
    if (message.kind === "start") this.acknowledged.dead.add(message.id);
  }

  // --- the user's code ---------------------------------------------------------------------------------------

  /** A program begins, or begins again, in a turn. T1: a delayed one not before its time. */
  entered(actor: Actor, pid: string, id: string): void {
    const life = `${id} ${actor.turn?.incarnation ?? 0}`;
    this.#lifeOf.set(pid, life);
    if (!this.#enteredMs.has(life)) this.#enteredMs.set(life, this.#now());
    this.#trace.add(actor.name, "enters", `${pid} as ${id}`);
    this.sources.entered(actor, pid, id);
    const dueMs = this.starts.get(id)?.dueAtMs ?? 0;
    if (this.#now() + this.maxSkewMs + 1 < dueMs)
      this.fail("T1", `${id} starts ${dueMs - this.#now()} ms early`);
  }

  /** LIFE: a program has seen what another one wrote to a workflow's key. Either may be the run itself. */
  saw({ pid, callee }: Program, turn: CurrentTurn | undefined, writer: string): void {
    const life = this.#lifeOf.get(writer);
    if (!turn || life === undefined || writer === pid) return;
    if (callee === "brief-run")
      return this.fail("LIFE", `${pid} has seen what ${writer} has left in an earlier life`);
    const expiredMs = this.expiries.get(life) ?? Number.POSITIVE_INFINITY;
    const sinceMs = this.#enteredMs.get(`${turn.id} ${turn.incarnation}`) ?? 0;
    if (expiredMs + 2 * this.maxSkewMs + 1 < sinceMs)
      this.fail("LIFE", `${pid} has seen what ${writer} left, ${sinceMs - expiredMs} ms after it expired`);
  }

  /** LIFE: a request was told of a life that had expired before the request was made. */
  answered(id: string, incarnation: number, askedMs: number): void {
    const expiredMs = this.expiries.get(`${id} ${incarnation}`);
    if (expiredMs !== undefined && expiredMs + 2 * this.maxSkewMs + 1 < askedMs)
      this.fail("LIFE", `a request was told of ${id}, which expired ${askedMs - expiredMs} ms before it`);
  }

  /** D1: code that is not deterministic begins a step. The attempt before it had failed in the one of another name. */
  driftStarts(turn: CurrentTurn | undefined, step: string): void {
    const before = turn?.failedIn;
    if (before === undefined || before === step || before.slice(0, -1) !== step.slice(0, -1)) return;
    // An earlier version's dispatcher does not pass on what was begun.
    if (!this.isMixed)
      this.fail("D1", `${step} of ${turn?.id} began after an attempt that had begun ${before}`);
  }

  /** A step's action starts in a turn, because of what the code knows (J2). */
  // oxlint-disable-next-line complexity -- one condition for each rule
  stepStarts(actor: Actor, turn: CurrentTurn | undefined, step: string, { known, seen }: Account): void {
    if (!turn) return;
    this.#trace.add(actor.name, "runs step", `${step} of ${turn.id}`);
    if (this.once.isTooOften(turn.id, step))
      this.fail("ONCE", `step ${step} of ${turn.id} runs again, although nothing has failed`);
    const life = this.lives.get(turn.id);
    this.acknowledged.stepStarts(actor.name, life, step);
    const name = `${turn.id} ${turn.incarnation}`;
    if (seen !== undefined) this.accounts.set(name, [...(this.accounts.get(name) ?? []), { step, seen }]);
    for (const token of known) {
      if (!this.durable.has(token))
        this.fail("J2", `step ${step} of ${turn.id} starts on account of ${token}, which is not durable`);
    }
    if (!life || life.incarnation !== turn.incarnation) return;
    const at = life.entries.findIndex((entry) => entry.kind === "run" && entry.name === step);
    if (at >= 0 && at < turn.loaded)
      this.fail("J2", `step ${step} of ${turn.id} runs again in a turn that has loaded its result`);
    if (life.status === "completed" || !isExclusiveId(turn.id)) return;
    const open = (this.begun.get(groupOf(turn.id)) ?? []).find(
      (other) => other !== life && other.status !== "completed" && !this.acknowledged.dead.has(other.id),
    );
    if (open && !this.acknowledged.isBehind(life))
      this.fail("W1", `step ${step} of ${turn.id} runs while ${open.id} of the same key is ${open.status}`);
  }
}

/** What has not begun gets a later place, if others have gone past its own: W2 says whether they have. */
const mayLosePlace = (before: Attributes, { s, n, k }: Attributes): boolean =>
  Number(n) === 0 &&
  (before["s"] === "paused" ? k === undefined : before["s"] === "pending" && s === "pending");

const refsIn = (value: Value): string[] => {
  if (typeof value === "string") return /^(value|input)#/.test(value) ? [value] : [];
  return Array.isArray(value) ? value.flatMap(refsIn) : [];
};

const idIn = (pk: string): string => pk.slice(pk.indexOf(".inv.") + 5);
const short = (pk: string): string => pk.slice(pk.indexOf(".") + 1);
