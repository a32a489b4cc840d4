/**
 * Writes for one turn: appends and their outputs, the suspension, the completion. Their order makes a turn safe to kill at any
 * point: see the head of turn-driver.ts.
 */
import type { Ending } from "../../lib/store/head/append.ts";
import type { Journal, TransactResult } from "../../lib/store/journal.ts";
import { type OutputSubject, performOutputs, stateWritesOf } from "../../lib/store/outputs.ts";
import { ZombieError } from "../../lib/store/state-store.ts";
import {
  type CallEntry,
  type ClearAllEntry,
  type CommandEntry,
  encodeEntry,
  type Entry,
  isRead,
  type RunEntry,
  type SendEntry,
} from "../../lib/model/entry.ts";
import { inEntries } from "../../lib/model/entry-parts.ts";
import { asError, isTooLarge, JournalFullError, OperationalError, TerminalError } from "../../lib/errors.ts";
import { sizeOfValue } from "../../lib/model/item.ts";
import { LOG_ENTRIES_MAX, SUSPENDED_HEAD_BYTES_MAX } from "../../lib/limits.ts";
import { encodeOutcome, type Outcome } from "../../lib/model/outcome.ts";
import { secretIn } from "../../lib/model/seal.ts";
import type { UserWrite } from "../../lib/model/user-write.ts";
import type { TurnOutcome, TurnRequest } from "../../lib/protocol.ts";
import type { TurnMachine } from "../../lib/turn/turn-machine.ts";
import { encodeWait, type Wait } from "../../lib/model/wait.ts";
import { inAppends, withoutReads } from "../../lib/turn/appends.ts";
import { assertStorable, failedWith } from "./checked-value.ts";
import { type Callable, DirectCalls } from "./direct-calls.ts";
import { Relay } from "./relay.ts";
import { TurnGuard } from "./turn-guard.ts";
import { TurnLock } from "./turn-lock.ts";
import type { TurnPorts } from "./turn-ports.ts";
import type { TurnTrace } from "./turn-trace.ts";
import {
  lost,
  notWon,
  type Prepared,
  type Stopped,
  tooLargeWith,
  type Transacted,
  WRITTEN,
  type Written,
} from "./written.ts";

/** Completes an entry that could not be whole when it was issued: a callee's id, the names that `clearAll` clears. */
export type Filler = (
  entry: CallEntry | SendEntry | ClearAllEntry,
  before: readonly Entry[],
) => Promise<void>;

/** What others see of a turn besides its state. */
const SEEN: ReadonlySet<Entry["kind"]> = new Set<Entry["kind"]>([
  ...(["call", "send", "attach", "sendSignal", "cancel", "promise.complete"] as const),
]);
const isSeen = ({ kind }: Entry): boolean => SEEN.has(kind);

const LATER_OWNER = { kind: "lost", reason: "the key's lock belongs to a later invocation" } as const;

export class TurnWriter {
  /** Of a turn that runs under no message (R27). */
  readonly guard: TurnGuard | undefined;
  /** Of a turn that came by the queue, and is let go of when it runs long (R26). */
  readonly relay: Relay | undefined;
  /** Calls that this turn invokes itself (R28). */
  readonly direct: DirectCalls | undefined;
  /** Something was recorded by this turn. */
  progress = false;
  /** Both are set before the turn begins. */
  traced?: TurnTrace | undefined;
  fill: Filler = () => Promise.reject(new Error("the turn has not begun"));
  readonly #request: TurnRequest;
  readonly #ports: TurnPorts;
  readonly #journal: Journal;
  readonly #turn: TurnMachine;
  readonly #subject: OutputSubject;
  /** Takes what an append makes known, to be delivered when the code is at rest. */
  readonly #deliver: (delivery?: () => void) => void;
  readonly #lock: TurnLock;
  /** The last event before which all is settled. */
  #settledAt: number | undefined;
  #isUnfilled = false;

  constructor(
    request: TurnRequest,
    ports: TurnPorts,
    journal: Journal,
    turn: TurnMachine,
    deliver: (delivery?: () => void) => void,
  ) {
    const { id, incarnation, target, token, voucher } = request;
    this.#request = request;
    this.#ports = ports;
    this.#journal = journal;
    this.#turn = turn;
    this.#subject = {
      ...{ id, incarnation, target, again: false, underEarlier: voucher === undefined },
      secret: secretIn(request),
      ...(token === undefined ? {} : { token }),
    };
    this.#deliver = deliver;
    this.guard = TurnGuard.of(request, ports);
    this.relay = Relay.of(request, ports);
    this.direct = DirectCalls.of(request, ports, {
      answered: (command, result) => deliver(() => turn.finishFromOutside(command, result)),
      somethingHappened: () => deliver(),
    });
    this.#lock = new TurnLock(request, ports);
  }

  /** Appends the pending entries and does their outputs. Not once more after what could not be completed. */
  async flush(): Promise<Written> {
    if (this.#isUnfilled) return WRITTEN;
    const prepared = await this.#prepare(false);
    return prepared.kind === "entries" ? await this.#append(prepared.entries, prepared.count) : prepared;
  }

  /**
   * Appends a step's entry in one transaction with its writes to the user's tables (X1), and lets the code go on. What is pending and causes no
   * append rides ahead of it. It has no outputs: those of before are done.
   */
  async transact(entry: RunEntry, writes: readonly UserWrite[]): Promise<Transacted> {
    const prepared = await this.#prepare(false);
    if (prepared.kind !== "entries") return prepared;
    const isMuch = inAppends([...prepared.entries, entry]).length > 1;
    if (isMuch && prepared.count > 0) {
      const written = await this.#append(prepared.entries, prepared.count);
      return written.kind === "written" ? await this.transact(entry, writes) : written;
    }
    const entries = [...prepared.entries, entry];
    const result = await this.#write(entries, this.#turn.taken, undefined, writes);
    if (result.kind === "refused" || result.kind === "unsettled") return result;
    if (result.kind !== "won") return notWon(result);
    this.progress = true;
    this.#turn.finishAppended(entry, result.notes, prepared.count);
    this.#settledAt = this.#turn.event;
    return WRITTEN;
  }

  /** Suspends, unless there is an event that only this turn can deliver, or a note that it has not seen. */
  async suspend(wait: Wait): Promise<Written> {
    const prepared = await this.#prepare(false);
    if (prepared.kind !== "entries") return prepared;
    const { entries } = prepared;
    // Only this turn can deliver the answer to a promise's completion, and the id of a callee.
    if (entries.some(({ kind }) => kind === "promise.complete") || this.#turn.recorded.awaitsRecord)
      return await this.#append(entries, prepared.count);
    const isLarge =
      this.#journal.headBytes + sizeOfValue(entries.map(encodeEntry)) > SUSPENDED_HEAD_BYTES_MAX;
    if (isLarge && entries.length > 0) return await this.#append(entries, prepared.count);
    const direct = (await this.direct?.among(entries, wait)) ?? [];
    if (direct.length > 0) return await this.#append(entries, prepared.count, { direct });
    // An earlier version of the dispatcher names no voucher, and does not know a tree as text.
    const stored = encodeWait(wait, this.#request.voucher !== undefined);
    assertStorable(stored, wait);
    if (!(await this.#lock.take())) return lost(LATER_OWNER.reason);
    const result = await this.#write(entries, this.#turn.taken, { kind: "suspended", wait: stored });
    if (result.kind === "notes") {
      this.#turn.notesAre(result.notes);
      return WRITTEN;
    }
    if (result.kind !== "won") return notWon(result);
    await this.#perform(entries, result);
    return { kind: "over", outcome: { kind: "suspended", wait: stored } };
  }

  /**
   * R24: who is answered finds what the code has sent ahead of anything that he does next. So what others see of it is appended
   * and done before the completion, which is what answers. What the code issues after its end has no effect.
   */
  async complete(outcome: Outcome): Promise<Written> {
    if (this.#turn.cancelsCalls || this.#turn.pending(true).some(isSeen)) {
      const written = await this.flush();
      return written.kind === "written" ? await this.#complete([], outcome) : written;
    }
    const prepared = await this.#prepare(true);
    return prepared.kind === "entries" ? await this.#complete(prepared.entries, outcome) : prepared;
  }

  /** What is to be appended, complete. If an entry cannot be completed, what came before it is appended, so that no
   * recorded result is lost with it. */
  async #prepare(atEnd: boolean): Promise<Prepared> {
    if (atEnd) this.#turn.pending(true);
    const entries = this.#turn.pending();
    for (const [index, entry] of entries.entries()) {
      if (entry.kind !== "call" && entry.kind !== "send" && entry.kind !== "clearAll") continue;
      const before = entries.slice(0, index).flatMap(inEntries);
      try {
        await this.fill(entry, before);
      } catch (thrown) {
        if (thrown instanceof OperationalError || thrown instanceof ZombieError) throw thrown;
        const reads = entries.slice(index).filter((read) => isRead(read) && read.command < entry.command);
        return await this.#unfilled([...before, ...reads.flatMap(inEntries)], index, asError(thrown));
      }
    }
    this.#turn.fillCancelled();
    return { kind: "entries", entries: entries.flatMap(inEntries), count: entries.length };
  }

  /** A call that can never succeed ends the invocation. Any other is tried again by the next attempt. Consumed notes stay in the
   * list, as before the last of several appends: not all of them are among these entries (R9). */
  async #unfilled(before: readonly Entry[], count: number, error: Error): Promise<Stopped> {
    if (TerminalError.is(error)) {
      const outcome = failedWith(error);
      if (!before.some(isSeen)) return await this.#complete(before, outcome);
      const appended = await this.#append(before, count, { taken: 0 });
      return appended.kind === "written" ? await this.#complete([], outcome) : appended;
    }
    this.#isUnfilled = true;
    const written = before.length > 0 ? await this.#append(before, count, { taken: 0 }) : WRITTEN;
    return written.kind === "written" ? { kind: "failed", error } : written;
  }

  /** `direct`: calls among them that are invoked, and not sent. `taken`: how many notes leave the list. */
  async #append(
    entries: readonly Entry[],
    count: number,
    { direct = [], taken = this.#turn.taken }: { direct?: readonly Callable[]; taken?: number } = {},
  ): Promise<Written> {
    const { last, stopped } = await this.#appendParts(entries);
    if (stopped) return stopped;
    const result = await this.#write(last, taken);
    if (result.kind !== "won") return notWon(result);
    this.progress = true;
    this.#settledAt = this.#turn.event;
    this.#turn.appended(result.notes, count);
    const invoked = direct.filter(({ entry }) => last.includes(entry));
    await this.#perform(last, result, new Set(invoked.map(({ entry }) => entry.command)));
    for (const call of invoked) await this.direct?.begin(call);
    return WRITTEN;
  }

  async #complete(entries: readonly Entry[], outcome: Outcome): Promise<Stopped> {
    const kept = this.#ports.keepsReads === true ? entries : withoutReads(entries);
    const { last, stopped } = await this.#appendParts(kept);
    if (stopped) return stopped;
    const { retentionMs, journalRetentionMs = retentionMs } = this.#request;
    const ending = { kind: "completed", outcome, retentionMs, journalRetentionMs } as const;
    const result = await this.#write(last, this.#turn.taken, ending);
    if (result.kind !== "won") return notWon(result);
    await this.#perform(last, result);
    const { replies, outcome: held = outcome, expiresAtMs } = result;
    const told = replies.length === 0 && !this.guard ? {} : { outcome: held };
    const guard = this.guard?.held;
    const atDoor = this.guard
      ? { ...(guard ? { guard } : {}), ...(expiresAtMs === undefined ? {} : { expiresAtMs }) }
      : {};
    return {
      kind: "over",
      outcome: { kind: "completed", ownsLock: this.#lock.isOwn, replies, ...told, ...atDoor },
    };
  }

  /** Before a closure begins: all that it rests on is settled. The answer to an append says so, until the next event, and that to a
   * guard. */
  async settle(): Promise<void> {
    const before = this.guard?.held;
    const isSettled = (await this.guard?.hold()) !== before || this.#settledAt === this.#turn.event;
    if (this.#request.mustSettle && !isSettled) await this.#ports.settled?.();
    this.#settledAt = this.#turn.event;
  }

  /** In how many milliseconds the head must name a guard anew: that the turn runs is to be known, and its guard to be renewed (R26). */
  get vouchInMs(): number {
    const { guard, relay } = this;
    if (guard) return guard.vouchInMs(this.#journal.hasHead);
    // What the message has brought, and the code has not taken yet, keeps the message.
    const canTakeItsPlace = relay !== undefined && this.#turn.carried.isAllIn(this.#turn.pending());
    return canTakeItsPlace ? relay.vouchInMs : Number.POSITIVE_INFINITY;
  }

  /** What is pending goes with the append that takes the message's place: it may be what the message has brought. */
  get mustFlush(): boolean {
    return this.relay !== undefined && this.vouchInMs <= 0 && this.#turn.pending().length > 0;
  }

  /** In how many milliseconds the turn must not wait any longer without having looked what there is to do. */
  get mustActInMs(): number {
    return Math.min(this.vouchInMs, this.direct?.waitMs ?? Number.POSITIVE_INFINITY);
  }

  /** The turn has ended. What it has called goes on without it. */
  async left(ended: TurnOutcome): Promise<TurnOutcome> {
    const outcome = await this.#leaveCalls(ended);
    await this.guard?.leave(outcome);
    return this.relay ? await this.relay.leave(outcome, this.#journal.mark) : outcome;
  }

  async #leaveCalls(outcome: TurnOutcome): Promise<TurnOutcome> {
    try {
      if (outcome.kind === "failed" || outcome.kind === "yielded") await this.direct?.vouch([]);
      return outcome;
    } catch (thrown) {
      if (!(thrown instanceof OperationalError)) throw thrown;
      return { kind: "lost", reason: `${thrown.code}: ${thrown.message}` };
    } finally {
      this.direct?.end();
    }
  }

  /** Does so by an append that has nothing else. The outputs of the one before it are done. */
  async #vouch(): Promise<Written> {
    // It could not be set, and is tried again.
    if (this.relay && !(await this.relay.guard())) return WRITTEN;
    const result = await this.#write([], 0);
    if (result.kind !== "won") return notWon(result);
    this.#turn.notesAre(result.notes);
    return WRITTEN;
  }

  /** Appends all parts but the last of what is too much for one item (P1). Consumed notes are dropped with the last:
   * before it they are in the log and in the list, and taken once (R9). */
  async #appendParts(
    entries: readonly Entry[],
  ): Promise<{ readonly last: readonly Entry[]; readonly stopped?: Stopped }> {
    const parts = inAppends(entries);
    for (const part of parts.slice(0, -1)) {
      const result = await this.#write(part, 0);
      if (result.kind !== "won") return { last: [], stopped: notWon(result) };
      this.progress = true;
      await this.#perform(part, result);
    }
    return { last: parts.at(-1) ?? [] };
  }

  /** Throws {@link JournalFullError}; and `too-large`, which names the largest entry, so that its author finds it. */
  async #write(
    entries: readonly Entry[],
    taken: number,
    ending?: Ending,
    writes?: readonly UserWrite[],
  ): Promise<TransactResult> {
    if (ending?.kind !== "completed" && this.#journal.length + entries.length > LOG_ENTRIES_MAX)
      throw new JournalFullError("entries", LOG_ENTRIES_MAX);
    if (this.guard && ending?.kind !== "completed") this.#journal.guard = (await this.guard.hold()).name;
    if (!(await this.#relayed(entries, ending))) return LATER_OWNER;
    await this.direct?.vouch(entries);
    try {
      const followers = (at: number) => stateWritesOf(this.#subject, entries, at, this.#ports.clock.now());
      const result = await this.#journal.append(entries, taken, ending, { writes, followers });
      if (result.kind === "won") this.#won(entries, result.position, ending);
      return result;
    } catch (thrown) {
      throw isTooLarge(thrown) ? tooLargeWith(entries, thrown) : thrown;
    }
  }

  #won(entries: readonly Entry[], position: number, ending: Ending | undefined): void {
    this.traced?.appended(entries, position, ending);
    this.direct?.appended(entries);
    if (!ending && this.#journal.isLetGo) this.relay?.named();
  }

  /** R26: what the append names besides. The message's place is taken once all that it has brought is in the log. `false`: the key's lock
   * belongs to a later invocation. */
  async #relayed(entries: readonly Entry[], ending: Ending | undefined): Promise<boolean> {
    const { relay } = this;
    if (!relay || ending?.kind === "completed") return true;
    if (!relay.isNamed && (ending || relay.vouchInMs > 0 || !this.#turn.carried.isAllIn(entries)))
      return true;
    if (!(await this.#lock.take())) return false;
    const guard = await relay.guard();
    if (!guard) return true;
    this.#journal.guard = guard.name;
    this.#journal.isLetGo = true;
    return true;
  }

  /** Looks for notes that have arrived. If that fails, the next append brings them. */
  async look(): Promise<Written> {
    if (this.vouchInMs <= 0 && !this.mustFlush) return await this.#vouch();
    try {
      const seen = await this.#journal.look();
      if (seen.kind === "lost") return lost(seen.reason);
      if (seen.kind === "notes") this.#turn.notesAre(seen.notes);
    } catch (thrown) {
      if (!(thrown instanceof OperationalError)) throw thrown;
    }
    return WRITTEN;
  }

  async #perform(
    entries: readonly Entry[],
    { position, followed }: { readonly position: number; readonly followed?: true },
    direct: ReadonlySet<number> = new Set(),
  ): Promise<void> {
    const subject = { ...this.#subject, direct, stateIsWritten: followed === true };
    const results = await performOutputs(this.#ports, subject, entries, position);
    for (const [command, outcome] of results) {
      this.#deliver(() => this.#turn.finishFromOutside(command, encodeOutcome(outcome)));
    }
  }

  /** Completing a promise is repeated on replay to learn what it answered: its first answer was not recorded. */
  async repeat(entry: CommandEntry): Promise<void> {
    await this.#perform([entry], { position: 0 });
  }
}
