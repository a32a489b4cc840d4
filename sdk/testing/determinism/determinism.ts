/**
 * Whether handlers do the same in each attempt, asked in each test: when one has ended, its code runs once more over what was recorded
 * ({@link rehearseTurn}), and must do the same operations and return the same. One that is suspended is replayed by its next turn anyway. If
 * that never comes, it is asked at the end of the test.
 *
 * Why not `alwaysReplay`, which suspends the invocation itself at each await: that changes how many turns, messages and writes there are,
 * which tests count, costs a turn of the engine for each await, and does not see what comes after the last operation. A rehearsal changes
 * nothing that is counted, and looks at the result, too.
 *
 * What it does not see: code that is always the same in a test and is not in production, such as one that reads `process.env`.
 */
import { MISMATCH_CODE } from "../../../lib/errors.ts";
import { withoutEnd, withoutNotes } from "../../../lib/store/head/rehearsed.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import { shownId } from "../../../lib/model/shown-id.ts";
import { targetText } from "../../../lib/model/target-text.ts";
import { readHead } from "../../../lib/store/head-store.ts";
import type { Entropy, ItemStore, Registry } from "../../../lib/ports.ts";
import { DIFFERENCES_MAX } from "../../../lib/limits/local.ts";
import type { TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import { withoutAdvice } from "../../../lib/replay/replay.ts";
import { rehearsedTurn } from "../../../lib/replay/rehearsed-turn.ts";
import type { Endpoint } from "../../endpoint.ts";
import { rehearseTurn } from "./rehearsal.ts";
import type { TrappedUses } from "../../../runtime/dev/hosts/trapped-uses.ts";

/** A handler has not done the same twice. `message`: both operations, and where. */
export class DeterminismError extends Error {
  override readonly name = "DeterminismError";
  /** Its id. */
  readonly invocation: string;
  /** `Order/o-1/place` */
  readonly target: string;

  constructor(
    message: string,
    { invocation, target }: { readonly invocation: string; readonly target: string },
  ) {
    super(message);
    this.invocation = invocation;
    this.target = target;
  }
}

export interface DeterminismPorts {
  /** A store of its own: its reads are none of those that tests count. */
  readonly items: () => ItemStore;
  readonly registry: Registry;
  readonly entropy: Entropy;
  readonly now: () => number;
  /** Runs code of the handler as a rehearsal. */
  readonly run: (request: TurnRequest, turn: () => Promise<TurnOutcome>) => Promise<TurnOutcome>;
  /** The same code, and a log that nobody reads. */
  readonly endpoint: (request: TurnRequest) => Endpoint;
}

export class Determinism {
  readonly #ports: DeterminismPorts;
  readonly #uses: TrappedUses;
  /** Steps that were begun, by their command. */
  readonly #begun = new Map<InvocationId, Set<number>>();
  readonly #found: DeterminismError[] = [];
  #told = 0;
  readonly #waiting = new Set<(error: DeterminismError) => void>();
  readonly #checks = new Set<Promise<void>>();
  /** Those whose last turn has left them so. */
  readonly #suspended = new Map<InvocationId, TurnRequest>();

  constructor(ports: DeterminismPorts, uses: TrappedUses) {
    this.#ports = ports;
    this.#uses = uses;
  }

  begins(id: InvocationId, command: number): void {
    const begun = this.#begun.get(id) ?? new Set();
    this.#begun.set(id, begun.add(command));
  }

  /** A turn has ended so. Resolves when it is known whether it can be repeated, if the invocation has ended. */
  async check(request: TurnRequest, outcome: TurnOutcome): Promise<void> {
    if (outcome.kind === "failed" && outcome.failure.code === MISMATCH_CODE)
      this.#add(request, withoutAdvice(outcome.failure.message));
    if (outcome.kind === "suspended") this.#suspended.set(request.id, request);
    else this.#suspended.delete(request.id);
    if (outcome.kind === "completed") await this.#checked(request);
  }

  async #checked(request: TurnRequest): Promise<void> {
    // A store that is closed meanwhile says nothing of the code.
    const check = this.#rehearse(request).catch(() => undefined);
    this.#checks.add(check);
    await check.finally(() => this.#checks.delete(check));
  }

  async #rehearse(request: TurnRequest): Promise<void> {
    const { id } = request;
    const stored = await readHead(this.#ports.items(), id);
    if (!stored) return;
    const { head, item } = stored;
    const isAtRest = head.status === "completed" || head.status === "suspended";
    // Another turn runs by now, and is looked at when it ends. Without an operation there is nothing to repeat.
    if (!isAtRest || head.length === 0) return;
    const { start } = request;
    if (head.input === undefined && !start) return;
    const before = withoutEnd(withoutNotes(item));
    const again: TurnRequest = {
      ...rehearsedTurn({ ...request, head, item: before }),
      ...(head.input === undefined && start ? { start } : {}),
    };
    const { registry, entropy, now, run, endpoint, items } = this.#ports;
    const begun = this.#begun.get(id);
    const difference = await rehearseTurn(
      async (ports) => await run(again, async () => await endpoint(again).runTurn(again, ports)),
      { items: items(), registry, entropy, now },
      { head, item, before, wasBegun: (command) => begun?.has(command) === true },
    );
    if (difference !== undefined) this.#add(request, difference);
    if (head.status === "completed") this.#begun.delete(id);
  }

  /** Something makes attempts differ, and that is not allowed here. */
  add(request: TurnRequest, words: string): void {
    this.#add(request, words);
  }

  #add(request: TurnRequest, difference: string): void {
    if (this.#found.length >= DIFFERENCES_MAX) return;
    const { id, target: of } = request;
    const target = targetText(of);
    const [invocation, uses] = [shownId(id), this.#uses.wordsOf(`${of.service}/${of.handler}`)];
    const words = `${target} does not do the same in each attempt. ${difference}${uses}\n${HELP}`;
    const error = new DeterminismError(words, { invocation, target });
    this.#found.push(error);
    const waiting = [...this.#waiting];
    if (waiting.length > 0) this.#told = this.#found.length;
    for (const tell of waiting) tell(error);
  }

  /** The same promise; it rejects if a handler is found not to do the same twice. Each is told once. */
  async told<T>(promise: Promise<T>): Promise<T> {
    const found = Promise.withResolvers<never>();
    this.#waiting.add(found.reject);
    try {
      const result = await Promise.race([promise, found.promise]);
      // The result may be there before its turn was repeated.
      await Promise.race([Promise.all(this.#checks), found.promise]);
      this.tell();
      return result;
    } finally {
      this.#waiting.delete(found.reject);
    }
  }

  /** Throws what was found and not told yet. */
  tell(): void {
    const error = this.#found[this.#told];
    if (!error) return;
    this.#told = this.#found.length;
    throw error;
  }

  /** The test is over: those that are still suspended are asked, too. */
  async settled(): Promise<void> {
    const suspended = [...this.#suspended.values()];
    this.#suspended.clear();
    for (const request of suspended) await this.#checked(request);
    await Promise.all(this.#checks);
  }
}

const HELP =
  "Take the time, random numbers and what comes from outside in ctx.run, or from ctx.date and ctx.rand " +
  '(docs/determinism.md). `determinism: "off"` turns this check off.';
