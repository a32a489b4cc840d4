/**
 * What operators and callers were told, and whether it was so: KILL, CANCEL, PAUSE, RESUME, RESTART, PURGE, EDIT, DOOR, DEAD.
 *
 * An operator's request is one actor. So what it sent is known by the actor's name, and its answer can be compared with it.
 * "Since" and "before" are instants of virtual time. Nobody's clock is asked.
 */
import { decodeNotes, type Entry, type Note, withoutMark } from "../../lib/model/entry.ts";
import { HEAD_ATTRIBUTE } from "../../lib/model/head.ts";
import { groupOf, journalPartition } from "../../lib/model/ids.ts";
import type { Attributes } from "../../lib/model/item.ts";
import { decodeMessage, type Message } from "../../lib/model/message.ts";
import { decodeOutcome } from "../../lib/model/outcome.ts";
import { isChunkOfValue, itemNamesOf } from "../../lib/model/value-ref.ts";
import type { Actor } from "./actor.ts";
import type { Life, SentMessage } from "./life.ts";
import type { Program } from "./program.ts";
import type { Tables } from "./tables.ts";
import type { Operation } from "./requests.ts";

/**
 * Whether what was acknowledged is heard while a turn runs, also by a first turn that has no head yet (R19 to R22). `false`: it may
 * be heard when the turn is over. So a success may follow an acknowledged kill, and any number of appends a cancellation.
 */
export const HEARD_AT_ONCE = true;
/** Appends of a turn that may already be under way when an acknowledgement is on its way to the operator. */
const APPENDS_UNDER_WAY = 2;
/** A permission to leave a pause may have been used by a request that is only late. */
const LATE_MS = 90_000;

/** How a life has ended, at the instant of its completion. A purge takes that off its head. */
interface End {
  readonly atMs: number;
  readonly isSuccess: boolean;
  /** Cancellations that were still in the list. */
  readonly untaken: readonly string[];
}
export interface Asked {
  readonly does: Operation | "edit";
  readonly id: string;
  readonly by: string;
  readonly askedMs: number;
  readonly incarnation: number | undefined;
  /** The status was answered. */
  answered?: {
    readonly atMs: number;
    readonly status: number;
    /** Of the life that there was then. */
    readonly incarnation: number | undefined;
    readonly appends: number;
    /** A cancellation is in the head. If that write has failed it is heard when its message is handled. */
    readonly isListed: boolean;
  };
}

interface AcknowledgedEdit {
  readonly id: string;
  readonly names: readonly string[];
  readonly versioned: boolean;
  readonly atMs: number;
}

type Fail = (rule: string, message: string) => void;

export class Acknowledged {
  readonly asked: Asked[] = [];
  /** Invocations that an operator has asked to purge. */
  readonly purging = new Set<string>();
  /** Starts that are or were dead letters. */
  readonly dead = new Set<string>();
  readonly programs = new Map<string, string>();
  readonly #ends = new Map<string, End>();
  readonly #appends = new Map<string, number>();
  readonly #pausedMs = new Map<string, number>();
  /** When each cancellation came into a head's list, and when a turn of an invocation began last. */
  readonly #listedMs = new Map<string, number>();
  readonly #turnMs = new Map<string, number>();
  /** Cancellations in the head as the turn of an actor knows it. */
  readonly #told = new Map<string, readonly string[]>();
  /** Steps that a turn has started. Tried again, one of them does not wait for the answer to an append that goes on beside it. */
  readonly #started = new Map<string, Set<string>>();
  /** Messages that may end a pause, by invocation: those in the mailbox, and when there was one last. */
  readonly #permits = new Map<string, Set<string>>();
  readonly #permittedMs = new Map<string, number>();
  readonly #sent = new Map<string, Message[]>();
  readonly #edits: AcknowledgedEdit[] = [];
  readonly #restarts: { readonly from: string; readonly to: string; readonly kept: number }[] = [];
  readonly #lives: ReadonlyMap<string, Life>;
  readonly #now: () => number;
  readonly #fail: Fail;
  /** Parts of an earlier version take part, which let a pause stand over a cancellation. */
  isMixed = false;

  constructor(parts: { lives: ReadonlyMap<string, Life>; now: () => number; fail: Fail }) {
    this.#lives = parts.lives;
    this.#now = parts.now;
    this.#fail = parts.fail;
  }

  // --- what happens --------------------------------------------------------------------------------------------

  /** A head was written. `life` still is as it was before. */
  written(actor: Actor, life: Life, before: Attributes | undefined, after: Attributes): void {
    const name = `${life.id} ${life.incarnation}`;
    const [was, is] = [before?.["s"], after["s"]];
    if (actor.kind === "handler" && was !== "completed")
      this.#appends.set(name, (this.#appends.get(name) ?? 0) + 1);
    if (is === "completed" && was !== "completed")
      this.#ends.set(name, {
        atMs: this.#now(),
        isSuccess: decodeOutcome(after["x"]).ok,
        untaken: cancellationsIn(after),
      });
    this.#listed(after);
    if (is === "paused" && was !== "paused") this.#pauses(actor, life, after);
    if (was === "paused" && is !== "paused" && before?.["i"] === after["i"])
      this.#leavesPause(actor, life, after);
  }

  /** PAUSE: no turn begins with a head that its dispatcher has read as paused. */
  turnBegins(actor: string, id: string, head: Attributes | undefined): void {
    if (head?.["s"] === "paused" && !this.isMixed)
      this.#fail("PAUSE", `${actor} begins a turn of ${id} with a head that is paused`);
    this.#started.set(actor, new Set());
    this.tells(actor, head);
  }

  /** A turn knows its head as it then is: it begins with it, or has appended to it. */
  tells(actor: string, head: Attributes | undefined): void {
    this.#told.set(actor, head ? cancellationsIn(head) : []);
  }

  /** A transaction does not answer the head that it has written (X1): its turn knows as much as before. */
  untold(actor: string, write: () => void): void {
    const told = this.#told.get(actor);
    write();
    if (told) this.#told.set(actor, told);
    else this.#told.delete(actor);
  }

  /** CANCEL, R20: what the code awaits is rejected before a step of it starts, once its turn has been told. */
  stepStarts(actor: string, life: Life | undefined, step: string): void {
    const started = this.#started.get(actor);
    if (started?.has(step) === true) return;
    started?.add(step);
    if (!life) return;
    const unheard = (this.#told.get(actor) ?? []).find((delivery) => !isLogged(life.entries, delivery));
    if (unheard !== undefined && !this.isMixed)
      this.#fail("CANCEL", `${actor} starts ${step} of ${life.id}, and has been told of ${unheard}`);
  }

  #listed(after: Attributes): void {
    for (const delivery of cancellationsIn(after))
      if (!this.#listedMs.has(delivery)) this.#listedMs.set(delivery, this.#now());
  }

  /** R20: a policy pauses nothing over a cancellation that its last attempt has not seen. One that rode in the message may be in the log,
   * and in the list once more. */
  #pauses(actor: Actor, { id, incarnation, entries }: Life, after: Attributes): void {
    this.#pausedMs.set(`${id} ${incarnation}`, this.#now());
    const turnMs = this.#turnMs.get(id);
    if (actor.kind !== "dispatcher" || turnMs === undefined || this.isMixed) return;
    const isUnseen = (delivery: string): boolean =>
      (this.#listedMs.get(delivery) ?? 0) > turnMs && !isLogged(entries, delivery);
    if (cancellationsIn(after).some(isUnseen))
      this.#fail("CANCEL", `${actor.name} pauses ${id} over a cancellation that no attempt has seen`);
  }

  /** PAUSE: paused stays paused until it is resumed, cancelled or killed. */
  #leavesPause(actor: Actor, { id, incarnation }: Life, after: Attributes): void {
    const sinceMs = this.#pausedMs.get(`${id} ${incarnation}`) ?? 0;
    const isPermitted =
      (this.#permits.get(id)?.size ?? 0) > 0 || (this.#permittedMs.get(id) ?? 0) >= sinceMs - LATE_MS;
    // The watch has paused it over a cancellation in its list, which releases it.
    if (!isPermitted && cancellationsIn(after).length === 0)
      this.#fail(
        "PAUSE",
        `${actor.name} makes ${id} ${JSON.stringify(after["s"])}, which is paused and was neither resumed, cancelled nor killed`,
      );
  }

  accepted(by: string, { sequence }: SentMessage, message: Message): void {
    this.#sent.set(by, [...(this.#sent.get(by) ?? []), message]);
    if (!endsPause(message)) return;
    const permits = this.#permits.get(message.id) ?? new Set();
    this.#permits.set(message.id, permits.add(sequence));
    this.#permittedMs.set(message.id, this.#now());
  }

  restored({ sequence, body }: SentMessage): void {
    const message = decodeMessage(body);
    if (endsPause(message)) this.accepted("mailbox", { sequence, body, group: "" }, message);
  }

  /** KILL, CANCEL: a message is deleted when what it says is in the head. */
  deleted({ sequence, body }: SentMessage): void {
    const message = decodeMessage(body);
    if (this.#permits.get(message.id)?.delete(sequence)) this.#permittedMs.set(message.id, this.#now());
    const life = this.#lives.get(message.id);
    if (!life || life.status === "completed") return;
    if (message.incarnation !== undefined && message.incarnation !== life.incarnation) return;
    // Whoever made a head of the stub ends it.
    if (message.kind === "kill" && life.head[HEAD_ATTRIBUTE.killed] !== undefined) return;
    if (message.kind === "kill")
      this.#fail("KILL", `a kill of ${life.id} was handled, and it is ${life.status}`);
    if (message.kind !== "notify" || message.note.kind !== "cancellation") return;
    if (!hasHeard(life, message.note.delivery))
      this.#fail(
        "CANCEL",
        `a cancellation of ${life.id} was handled, and neither its log nor its list has it`,
      );
  }

  // --- what was told -------------------------------------------------------------------------------------------

  asks(does: Asked["does"], id: string, by: string): Asked {
    const asked: Asked = {
      does,
      id,
      by,
      askedMs: this.#now(),
      incarnation: this.#lives.get(id)?.incarnation,
    };
    this.asked.push(asked);
    if (does === "purge" || does === "purge-journal") this.purging.add(id);
    return asked;
  }

  // oxlint-disable-next-line complexity -- one condition for each rule
  answers(asked: Asked, status: number): void {
    const life = this.#lives.get(asked.id);
    const appends = life ? (this.#appends.get(`${life.id} ${life.incarnation}`) ?? 0) : 0;
    const cancellations = deliveriesOf(this.#sent.get(asked.by) ?? []);
    const isListed = life !== undefined && cancellations.some((delivery) => hasHeard(life, delivery));
    asked.answered = { atMs: this.#now(), status, incarnation: life?.incarnation, appends, isListed };
    if (status >= 300) return;
    // Another life can only begin when the one that was asked for has ended, and has expired (LIFE).
    const kill = (this.#sent.get(asked.by) ?? []).find(({ kind }) => kind === "kill");
    const isAnother =
      kill?.incarnation !== undefined && life !== undefined && kill.incarnation !== life.incarnation;
    const isOver = life?.status === "completed" || isAnother;
    const sent = this.#sent.get(asked.by) ?? [];
    const says: Partial<Record<Asked["does"], (message: Message) => boolean>> = {
      kill: ({ kind }) => kind === "kill",
      cancel: isCancellation,
      resume: (message) => message.kind === "resume" && message.byOperator === true,
    };
    const { does, id } = asked;
    const isSaid = says[does];
    if (isSaid && !sent.some(isSaid) && !isOver)
      this.#fail(does.toUpperCase(), `the ${does} of ${id} was acknowledged, and nothing says so`);
    if (does === "kill" && status === 200 && !isOver)
      this.#fail("KILL", `the answer says that ${id} has ended, and it is ${life?.status}`);
    const wasPaused = isOver || !life || this.#pausedSince(life) >= asked.askedMs;
    if (does === "pause" && status === 202 && !wasPaused)
      this.#fail("PAUSE", `the pause of ${id} was acknowledged, and it was not paused since`);
  }

  #pausedSince = ({ id, incarnation }: Life): number => this.#pausedMs.get(`${id} ${incarnation}`) ?? 0;

  /** PURGE: nothing that was there when it was asked for is there when it is acknowledged. */
  purged({ id, does, askedMs, incarnation }: Asked, tables: Tables): void {
    const life = this.#lives.get(id);
    if (!life || life.incarnation !== incarnation) return;
    const result = does === "purge" ? undefined : decodeOutcome(life.head["x"]);
    const kept = result?.ok && "ref" in result ? result.ref : undefined;
    for (const { sk, item, changedMs } of tables.partition("journal", journalPartition(id))) {
      const isHeld = sk === "head" || (kept !== undefined && itemNamesOf(kept).includes(sk));
      const isGoing = isChunkOfValue(sk) && item["ttl"] !== undefined;
      if (!isHeld && !isGoing && changedMs < askedMs) this.#fail("PURGE", `${does} of ${id} has left ${sk}`);
    }
    this.#checkStripped(does, life);
  }

  #checkStripped(does: Asked["does"], { id, head: { l, in: input, w, x } }: Life): void {
    if ((Array.isArray(l) && l.length > 0) || input !== undefined || w !== undefined)
      this.#fail("PURGE", `${does} of ${id} has left its log, its input or what it waited for in its head`);
    if (does === "purge" && decodeOutcome(x).ok) this.#fail("PURGE", `purge of ${id} has left its result`);
  }

  /**
   * An operator has purged what the message is for, so nothing reads what it refers to: what the mailbox gave up does not run, and
   * what names a life that has ended comes late and is dropped (R10).
   */
  isForPurged(by: string, { id, incarnation }: Message): boolean {
    if (!this.purging.has(id)) return false;
    return by === "redrive" || (incarnation !== undefined && this.#ends.has(`${id} ${incarnation}`));
  }

  entered(id: string, program: Program): void {
    this.#turnMs.set(id, this.#now());
    this.programs.set(id, JSON.stringify({ ...program, token: undefined }));
  }

  /** RESTART: it goes on from the prefix that was asked for. */
  restarted(from: string, to: string, kept: number): void {
    this.#restarts.push({ from, to, kept });
    const [old, made] = [this.#lives.get(from), this.#lives.get(to)];
    if (!made) return this.#fail("RESTART", `${to} was answered and has no head`);
    if (!old || this.purging.has(from)) return;
    // Times count from the acceptance, so they are not copied.
    const isSame = old.entries
      .slice(0, kept)
      .every((entry, index) => JSON.stringify(withoutMark(entry)) === JSON.stringify(made.entries[index]));
    if (!isSame) this.#fail("RESTART", `${to} does not begin with the first ${kept} entries of ${from}`);
  }

  /** EDIT: it takes its turn, and then the state is what it says. */
  edited(id: string, names: readonly string[], versioned: boolean): void {
    this.#edits.push({ id, names, versioned, atMs: this.#now() });
  }

  /** An edit of that group that was acknowledged before so long, and has not begun: what was asked for later waits for it. */
  overtaken(group: string, askedMs: number, begun: readonly Life[]): string | undefined {
    const isWaiting = ({ id, atMs }: AcknowledgedEdit): boolean =>
      groupOf(id) === group &&
      atMs < askedMs &&
      !this.dead.has(id) &&
      this.#lives.get(id)?.status !== "completed" &&
      !begun.some((life) => life.id === id);
    return this.#edits.find(isWaiting)?.id;
  }

  #checkEdits(): void {
    for (const { id, names, versioned } of this.#edits) {
      const life = this.#lives.get(id);
      const end = life && this.#ends.get(`${id} ${life.incarnation}`);
      if (!life || !end)
        return this.#fail("EDIT", `the edit ${id} was acknowledged, and never came to its end`);
      if (!end.isSuccess) {
        if (!versioned)
          this.#fail("EDIT", `the edit ${id} has failed, which no version can be the reason of`);
        continue;
      }
      const set = new Set(life.entries.flatMap((entry) => (entry.kind === "set" ? [entry.name] : [])));
      if (names.some((name) => !set.has(name)))
        this.#fail("EDIT", `the edit ${id} has set ${[...set].join()}, not ${names.join()}`);
    }
  }

  // --- at the end ----------------------------------------------------------------------------------------------

  /**
   * RESUME, at rest: what was resumed after it was paused is paused no more. But for what waits among the dead letters: the mailbox gave
   * the resume itself up. What is paused says so already, and the watch has no more to show of it (R16); the dead letter is counted, and
   * is delivered once more. Then it counts.
   */
  checkRest(deadLetters: readonly { readonly body: string }[]): void {
    const dead = new Set(deadLetters.map(({ body }) => decodeMessage(body)).flatMap(resumedBy));
    for (const { does, id, askedMs, answered } of this.asked) {
      const life = this.#lives.get(id);
      if (does !== "resume" || answered?.status !== 200 || life?.status !== "paused") continue;
      if (dead.has(id)) continue;
      if (askedMs > this.#pausedSince(life))
        this.#fail("RESUME", `the resume of ${id} was acknowledged, and it is paused as before`);
    }
  }

  checkEnding(): void {
    this.#checkEdits();
    if (HEARD_AT_ONCE) this.asked.forEach((asked) => this.#checkHeard(asked));
    for (const { from, to } of this.#restarts) {
      const [old, made] = [this.programs.get(from), this.programs.get(to)];
      if (old !== undefined && made !== undefined && old !== made)
        this.#fail("RESTART", `${to} was restarted from ${from} with another input`);
    }
  }

  #checkHeard(asked: Asked): void {
    const { id, does, answered } = asked;
    const life = this.#lives.get(id);
    if (!answered || answered.status >= 300 || !life) return;
    const incarnation = this.#lifeOf(asked);
    if (does === "kill") this.#checkKilled(id, answered.atMs, this.#endOf(asked, incarnation));
    const isItsLife = incarnation === undefined || incarnation === life.incarnation;
    if (does === "cancel" && isItsLife) this.#checkCancelled(asked, life);
  }

  #checkKilled(id: string, answeredMs: number, end: End | undefined): void {
    if (end?.isSuccess === true && end.atMs > answeredMs)
      this.#fail("KILL", `${id} succeeded ${end.atMs - answeredMs} ms after its kill was acknowledged`);
  }

  /** There may have been no life yet when it was asked for, and others since. To name none is to name 0. */
  #lifeOf({ by, incarnation, answered }: Asked): number | undefined {
    const kill = (this.#sent.get(by) ?? []).findLast(({ kind }) => kind === "kill");
    return kill?.incarnation || (incarnation ?? answered?.incarnation);
  }

  #endOf({ id, askedMs }: Asked, incarnation: number | undefined): End | undefined {
    return incarnation === undefined ? this.#endSince(id, askedMs) : this.#ends.get(`${id} ${incarnation}`);
  }

  /** Of the first life that has ended since. */
  #endSince(id: string, ms: number): End | undefined {
    const isSince = ([name, { atMs }]: [string, End]): boolean => name.startsWith(`${id} `) && atMs >= ms;
    return [...this.#ends].find(isSince)?.[1];
  }

  /** CANCEL: what was in the head when it was acknowledged is heard at one of the code's next appends, or it has none. */
  #checkCancelled({ by, answered }: Asked, life: Life): void {
    if (answered?.isListed !== true) return;
    // Code that has come to its end without an await has left it in the list, from which a purge has taken it.
    const untaken = this.#ends.get(`${life.id} ${life.incarnation}`)?.untaken ?? [];
    const isHeard = (delivery: string): boolean => hasHeard(life, delivery) || untaken.includes(delivery);
    if (deliveriesOf(this.#sent.get(by) ?? []).some(isHeard)) return;
    const appends = (this.#appends.get(`${life.id} ${life.incarnation}`) ?? 0) - (answered?.appends ?? 0);
    if (appends > APPENDS_UNDER_WAY)
      this.#fail(
        "CANCEL",
        `${life.id} has appended ${appends} times after its cancellation was acknowledged, and never heard it`,
      );
  }

  // --- callers and dead letters --------------------------------------------------------------------------------

  /** DOOR: a result is told when it is durable, and as it is. */
  told(id: string, status: number, body: Uint8Array, result: Uint8Array | undefined): void {
    const life = this.#lives.get(id);
    if (!life) return this.#fail("DOOR", `a caller was told of ${id}, which has no head`);
    // One that stood still may have waited for a life that was purged since.
    const ended = [...this.#ends.keys()].filter((name) => name.startsWith(`${id} `));
    if (ended.some((name) => name !== `${id} ${life.incarnation}`)) return;
    if (life.status !== "completed")
      return this.#fail("DOOR", `a caller was told ${status} of ${id}, which is ${life.status}`);
    if (this.purging.has(id)) return;
    const outcome = decodeOutcome(life.head["x"]);
    if (outcome.ok !== status < 300)
      this.#fail("DOOR", `a caller was told ${status} of ${id}, which has ended otherwise`);
    if (outcome.ok && result && Buffer.compare(body, result) !== 0)
      this.#fail("DOOR", `a caller was told another result of ${id} than it has`);
  }

  /**
   * The mailbox gave its Start up, and nobody has resumed it: a dispatcher that stood still for longer than all deliveries took has begun
   * it, after others of its key. The product's mailbox gives up after a thousand deliveries, and no dispatcher lives for as long.
   */
  isBehind = (life: Life): boolean => this.dead.has(life.id) && this.#pausedSince(life) === 0;

  /** DEAD: what the mailbox gave up is seen when the watch has looked: paused, moved on, or ended. */
  watched(letters: readonly { readonly body: string; readonly sinceMs: number }[]): void {
    for (const { body, sinceMs } of letters) {
      const message = decodeMessage(body);
      const life = this.#lives.get(message.id);
      if (!life) {
        if (message.kind === "start")
          this.#fail("DEAD", `the Start of ${message.id} is a dead letter, and nothing shows it`);
        continue;
      }
      const { incarnation, status, head } = life;
      if (message.incarnation !== undefined && message.incarnation !== incarnation) continue;
      if (status !== "paused" && status !== "completed" && Number(head["u"]) <= sinceMs)
        this.#fail("DEAD", `a ${message.kind} of ${message.id} is a dead letter, and it is ${status}`);
    }
  }
}

const isLogged = (entries: readonly Entry[], delivery: string): boolean =>
  entries.some((entry) => entry.kind === "cancelled" && entry.delivery === delivery);
const cancellationsIn = (head: Attributes): string[] =>
  decodeNotes(head[HEAD_ATTRIBUTE.notes]).flatMap((note) =>
    note.kind === "cancellation" ? [note.delivery] : [],
  );

const deliveriesOf = (messages: readonly Message[]): string[] =>
  messages.flatMap((message) =>
    message.kind === "notify" && message.note.kind === "cancellation" ? [message.note.delivery] : [],
  );

const resumedBy = ({ id, ...message }: Message): string[] =>
  message.kind === "resume" && message.byOperator === true ? [id] : [];

const isCancellation = (message: Message): boolean =>
  message.kind === "notify" && message.note.kind === "cancellation";

/** Whoever sends them wants it to go on, or to end. */
const endsPause = (message: Message): boolean =>
  message.kind === "kill" ||
  (message.kind === "resume" && message.byOperator === true) ||
  isCancellation(message);

const hasHeard = ({ entries, head }: Life, delivery: string): boolean =>
  entries.some((entry) => entry.kind === "cancelled" && entry.delivery === delivery) ||
  ((head["m"] as readonly Note[] | undefined) ?? []).some((note) => JSON.stringify(note).includes(delivery));
