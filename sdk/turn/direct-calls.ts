/**
 * Calls that a turn invokes itself, and waits for in memory (R28): of services and shared handlers that usually answer soon, where the
 * turn would suspend otherwise. No message is sent, neither for the call nor for its reply.
 *
 * docs/decisions/0021-waits-in-memory.md has the argument. In short:
 * - The call is appended first, as any. While that append is the last one, whoever acts next on this invocation sends the Start (R2).
 * - Before any next append, each call whose result that append does not contain is vouched for: by its Start in the timers, which
 *   names this invocation as its caller; or by its Start in the mailbox, once the callee has a head or is known to have ended.
 * - The callee is not told its caller when it is invoked. So its own guard has nobody to reply to, and costs no message. A Start
 *   that comes later adds the caller to its head, or is answered from it.
 */
import { attemptIn, deathBy, type Died, type FailedTurn } from "../../lib/death.ts";
import { FunctionError, OperationalError } from "../../lib/errors.ts";
import {
  DIRECT_CALLS_MAX,
  DIRECT_CARED_FOR_MS,
  DIRECT_GUARD_MS,
  DIRECT_TRIED_EVERY,
  DIRECT_USUAL_MS_MAX,
  DIRECT_WAIT_MS,
  MESSAGE_PAYLOAD_BYTES_MAX,
} from "../../lib/limits.ts";
import type { CallEntry, Entry } from "../../lib/model/entry.ts";
import { isExclusiveId } from "../../lib/model/ids.ts";
import { forLaterVersions, type Outgoing, type Start } from "../../lib/model/message.ts";
import { encodeOutcome } from "../../lib/model/outcome.ts";
import type { Value } from "../../lib/model/value.ts";
import { leavesOf, type Wait } from "../../lib/model/wait.ts";
import { type CallInvoker, silentLogger, stopwatchOf, type Timers } from "../../lib/ports.ts";
import { secretIn } from "../../lib/model/seal.ts";
import type { TurnOutcome, TurnRequest } from "../../lib/protocol.ts";
import { callGuardName, earlyGuard, guardMs, guardTimer } from "../../lib/store/guard.ts";
import { guardedRequest } from "../../lib/store/guarded-turn.ts";
import { type CallPolicy, callPolicyOf } from "../../lib/store/handler-policy.ts";
import { startOfCallee } from "../../lib/store/outputs.ts";
import { outgoing, sendAll } from "../../lib/store/send.ts";
import type { TurnPorts } from "./turn-ports.ts";

/** A call that can be invoked. */
export interface Callable {
  readonly entry: CallEntry;
  readonly policy: CallPolicy;
}

interface Open {
  /** As a message has it: with its caller. */
  readonly start: Start;
  /** By the stopwatch. */
  readonly beganMs: number;
  /** Nothing is to be expected of the invocation: it has answered, or nobody knows. */
  isOver: boolean;
  /** Its Start, with the caller, is in the timers or in the mailbox. */
  isVouched: boolean;
  /** It is in the mailbox: the caller is told as soon as there is a result. */
  isSent: boolean;
}

interface DirectPorts extends TurnPorts {
  readonly invoker: CallInvoker;
  readonly timers: Pick<Timers, "schedule">;
}
const hasPorts = (ports: TurnPorts): ports is DirectPorts =>
  ports.invoker !== undefined && ports.timers !== undefined;

interface Told {
  answered(command: number, result: Value): void;
  somethingHappened(): void;
}

/** How long callees take, as this process has seen it. */
const usualTimes = new WeakMap<CallInvoker, Map<string, { ms: number; skipped: number }>>();

export class DirectCalls {
  readonly #ports: DirectPorts;
  readonly #caller: TurnRequest;
  readonly #tell: Told;
  /** Whose results are not in the log, by command. */
  readonly #open = new Map<number, Open>();
  #isOver = false;

  private constructor(caller: TurnRequest, ports: DirectPorts, tell: Told) {
    this.#caller = caller;
    this.#ports = ports;
    this.#tell = tell;
  }

  /** `undefined`: all calls go by the queue. */
  static of(caller: TurnRequest, ports: TurnPorts, tell: Told): DirectCalls | undefined {
    return hasPorts(ports) && caller.voucher !== undefined ? new DirectCalls(caller, ports, tell) : undefined;
  }

  /** A callee has not taken longer because the clock has jumped: it has a head once it has run for `DIRECT_WAIT_MS`, and not before. */
  #nowMs(): number {
    return stopwatchOf(this.#ports).now();
  }

  // --- before the append ---------------------------------------------------------------------------------------

  /** Those among the entries that the code awaits, if all of them can be invoked. */
  async among(entries: readonly Entry[], wait: Wait): Promise<readonly Callable[]> {
    const calls = entries.filter((entry) => entry.kind === "call");
    if (calls.length === 0 || calls.length + this.#open.size > DIRECT_CALLS_MAX) return [];
    const awaited = new Set(leavesOf(wait).map((leaf) => (leaf.kind === "call" ? leaf.command : undefined)));
    const found: Callable[] = [];
    for (const entry of calls) {
      const callable = awaited.has(entry.command) ? await this.#callable(entry) : undefined;
      if (!callable) return [];
      found.push(callable);
    }
    return found;
  }

  async #callable(entry: CallEntry): Promise<Callable | undefined> {
    const { service, handler, idempotencyKey, dueAtMs, input } = entry.call;
    if (idempotencyKey !== null || dueAtMs !== null || isExclusiveId(entry.callee)) return undefined;
    if (!(input instanceof Uint8Array) || input.byteLength > MESSAGE_PAYLOAD_BYTES_MAX) return undefined;
    const found = await this.#ports.registry.service(service);
    // A workflow's run goes once, whoever calls it.
    const policy = found && found.type !== "workflow" ? callPolicyOf(found, handler) : undefined;
    const canAnswer = policy?.served.guards && policy.served.follows;
    return canAnswer && this.#isUsuallySoon(entry) ? { entry, policy } : undefined;
  }

  // --- the call ------------------------------------------------------------------------------------------------

  /** The append that contains the call was won. */
  async begin({ entry, policy }: Callable): Promise<void> {
    const { id, incarnation } = this.#caller;
    const caller = { id, incarnation, again: false, secret: secretIn(this.#caller) };
    const start = await startOfCallee(this.#ports.items, caller, entry);
    const open: Open = { start, beganMs: this.#nowMs(), isOver: false, isVouched: false, isSent: false };
    this.#open.set(entry.command, open);
    const request = requestOf(start, policy, this.#ports.clock.now());
    // The dispatcher that gets the outcome says what became of the callee.
    void this.#ports.invoker
      .invoke(policy.served.deployment, request)
      .catch((error: unknown) =>
        error instanceof FunctionError ? deathBy(error, silentLogger, start.id) : undefined,
      )
      .then(async (outcome) => await this.#ended(entry, open, outcome));
  }

  /** `undefined`: nobody knows. */
  async #ended(entry: CallEntry, open: Open, outcome: TurnOutcome | Died | undefined): Promise<void> {
    // What the callee's turn leaves to others it sees to itself by then.
    if (this.#isOver) return;
    const tookMs = this.#nowMs() - open.beganMs;
    open.isOver = true;
    if (outcome?.kind === "completed") this.#took(entry, tookMs);
    else if (outcome && wasNotRun(outcome)) this.#took(entry, 2 * DIRECT_USUAL_MS_MAX);
    const result = outcome?.kind === "completed" ? outcome.outcome : undefined;
    const value = result && encodeOutcome(result);
    // A long value is the callee's. A message has it copied.
    if (value !== undefined && typeof value !== "string") this.#tell.answered(entry.command, value);
    else if (outcome) await this.#handOver(open, outcome);
    if (!this.#isOver) this.#tell.somethingHappened();
  }

  /** A dispatcher goes on with it, now, and tells the caller. If this cannot be sent, the next append vouches for it. */
  async #handOver(open: Open, outcome: TurnOutcome | FailedTurn): Promise<void> {
    // The callee's turn may have sent it as well, without the caller.
    const early = earlyGuard(open.start, callGuardName(open.start.id), attemptIn(outcome), "caller");
    try {
      await sendAll(this.#ports.mailbox, [forLater(early)]);
      open.isVouched = true;
      open.isSent = true;
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
    }
  }

  // --- the wait ------------------------------------------------------------------------------------------------

  /** One was invoked whose result is not in the log. */
  get isBusy(): boolean {
    return this.#open.size > 0;
  }

  /** The turn waits for this call. */
  isUnderWay(command: number): boolean {
    const open = this.#open.get(command);
    return open !== undefined && !open.isOver && this.#leftMs(open) > 0;
  }

  #leftMs({ beganMs }: Open): number {
    return beganMs + DIRECT_WAIT_MS - this.#nowMs();
  }

  /** For how long at most, before the turn looks again whether it waits. */
  get waitMs(): number {
    const left = [...this.#open.values()].filter(({ isOver }) => !isOver).map((open) => this.#leftMs(open));
    return Math.min(...left.filter((ms) => ms > 0));
  }

  // --- what comes after it -------------------------------------------------------------------------------------

  /** Before an append of these entries, and before the turn ends. One that an earlier append has put into the timers is sent all the
   * same once it is not waited for: else its caller would hear of it when that timer is due. Throws {@link OperationalError}. */
  async vouch(entries: readonly Entry[]): Promise<void> {
    for (const [command, open] of this.#open) {
      if (entries.some((entry) => completes(entry, command))) continue;
      if (!open.isSent && this.#leftMs(open) <= 0) {
        await sendAll(this.#ports.mailbox, [resent(open.start)]);
        open.isSent = true;
      }
      if (open.isVouched) continue;
      await this.#guard(open.start);
      open.isVouched = true;
    }
  }

  async #guard(start: Start): Promise<void> {
    const guard = { name: callGuardName(start.id), atMs: this.#ports.clock.now() + DIRECT_GUARD_MS };
    const { atMs, message } = guardTimer(start, guard);
    await this.#ports.timers.schedule({ atMs, message: forLater(message) });
  }

  appended(entries: readonly Entry[]): void {
    for (const entry of entries) if (entry.kind === "completion") this.#open.delete(entry.command);
  }

  /** The turn has ended. */
  end(): void {
    this.#isOver = true;
    for (const { beganMs, start, isOver } of this.#open.values())
      if (!isOver) this.#tookAtLeast(start, this.#nowMs() - beganMs);
  }

  // --- usual times ---------------------------------------------------------------------------------------------

  #isUsuallySoon({ call: { service, handler } }: CallEntry): boolean {
    const usual = this.#usual.get(`${service}/${handler}`);
    if (!usual || usual.ms <= DIRECT_USUAL_MS_MAX) return true;
    return ++usual.skipped % DIRECT_TRIED_EVERY === 0;
  }

  #took({ call: { service, handler } }: CallEntry, ms: number): void {
    this.#note(`${service}/${handler}`, ms);
  }

  #tookAtLeast({ target: { service, handler } }: Start, ms: number): void {
    if (ms > DIRECT_USUAL_MS_MAX) this.#note(`${service}/${handler}`, 2 * ms);
  }

  /** A moving average. */
  #note(name: string, ms: number): void {
    const usual = this.#usual.get(name);
    this.#usual.set(name, { ms: usual ? usual.ms + (ms - usual.ms) / 4 : ms, skipped: usual?.skipped ?? 0 });
  }

  get #usual(): Map<string, { ms: number; skipped: number }> {
    const { invoker } = this.#ports;
    const known = usualTimes.get(invoker) ?? new Map<string, { ms: number; skipped: number }>();
    usualTimes.set(invoker, known);
    return known;
  }
}

/** It may not be invoked from here, or there is no room, or another version answers: so it will be for the next calls. */
const wasNotRun = (outcome: TurnOutcome | Died): boolean =>
  outcome.kind === "lost" || (outcome.kind === "died" && outcome.throttled);

const completes = (entry: Entry, command: number): boolean =>
  entry.kind === "completion" && entry.command === command;

const resent = (start: Start): Outgoing =>
  forLater(outgoing({ ...start, resent: true }, `${start.origin}.direct`));

/** An earlier dispatcher would not add the caller to a head that is there (0017). */
const forLater = (message: Outgoing): Outgoing => ({ ...message, body: forLaterVersions(message.body) });

function requestOf({ replyTo: _caller, ...start }: Start, policy: CallPolicy, nowMs: number): TurnRequest {
  // As if it were set: the turn renews it after half of its time.
  const atMs = nowMs + DIRECT_CARED_FOR_MS + guardMs(1) / 2;
  const guard = { name: callGuardName(start.id), atMs, aloneAfterMs: DIRECT_WAIT_MS / 2 };
  return guardedRequest({ start, guard, served: policy.served }, policy, policy.abortTimeoutMs);
}
