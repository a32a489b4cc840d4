/** What a test asks of an invocation: how it is, what it has done, how it ended. */
import { TEST_LOOK_MS } from "../../lib/limits/local.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import type { Head } from "../../lib/model/head.ts";
import { isExpired } from "../../lib/model/head-age.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Failure } from "../../lib/model/outcome.ts";
import { encodeRecorded } from "../../lib/model/recorded-journal.ts";
import { shownId, storedId } from "../../lib/model/shown-id.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { load } from "../../lib/store/value-store.ts";
import { stateVisible } from "../../runtime/ingress/result.ts";
import { storedJournal } from "../../runtime/registrar/open-journals.ts";
import { terminalErrorOf } from "../turn/checked-value.ts";
import { type Waits, waitsIn } from "./waits.ts";
import { type StatusView, viewStatus } from "../../runtime/admin/invocation-view.ts";
import { costOfInvocation, type InvocationCost } from "./costs.ts";
import type { InvocationCounts } from "./counts.ts";
import type { TestEngine } from "./engine.ts";
import type { TestLog } from "./logs.ts";

/** `ready`: it is accepted, and nothing of it has been recorded yet. */
export type TestStatus = StatusView;

/** A line of the journal, as `GET /invocations/{id}/journal` has it. */
export interface JournalEntry {
  readonly index: number;
  /** `run`, `sleep`, `set`, `call`, … */
  readonly type: string;
  readonly name?: string;
  readonly [field: string]: unknown;
}

/** A step that has ended. */
export interface RecordedStep {
  readonly name: string;
  /** Parsed, if it is JSON; otherwise its text, or its bytes in base64. */
  readonly result?: unknown;
  readonly error?: Failure;
  /** How often its closure ran. */
  readonly attempts: number;
}

export class TestInvocation {
  /** `inv_1…` */
  readonly id: string;
  readonly #id: InvocationId;
  readonly #engine: TestEngine;

  /** Throws `TypeError` for a text that is no id. */
  constructor(id: string, engine: TestEngine) {
    const stored = storedId(id);
    if (stored === undefined) throw new TypeError(`not the id of an invocation: ${JSON.stringify(id)}`);
    this.id = shownId(stored);
    this.#id = stored;
    this.#engine = engine;
  }

  /** `undefined`: there is no such invocation, or it has recorded nothing yet. */
  async status(): Promise<TestStatus | undefined> {
    const head = await this.#head();
    return head && viewStatus(head.status);
  }

  /** Resolves when it has ended, with its result, parsed. Throws the TerminalError with which it failed; an Error if it is paused, or
   * if there is no such invocation. */
  result<T = unknown>(): Promise<T> {
    return this.#engine.awaited(this.#result<T>());
  }

  async #result<T>(): Promise<T> {
    const head = await this.#until(
      (now) => now.status === "completed" || (now.status === "paused" && pausedError(this.id, now)),
    );
    // What it has written can be read then, as after a call.
    await stateVisible(this.#engine.ports, head);
    const { outcome } = head;
    if (outcome?.ok === false) throw terminalErrorOf(outcome.failure);
    const bytes =
      outcome &&
      ("ref" in outcome ? await load(this.#engine.ports.items, this.#id, outcome.ref) : outcome.value);
    return parsedBytes(bytes) as T;
  }

  /** With what it has failed, or what its last attempt has. `undefined`: with nothing. */
  async error(): Promise<Failure | undefined> {
    const head = await this.#head();
    if (head?.outcome?.ok === false) return head.outcome.failure;
    return head?.status === "completed" || !head?.failure
      ? undefined
      : { code: head.failure.code, message: head.failure.message };
  }

  async journal(): Promise<readonly JournalEntry[]> {
    const path = `/invocations/${this.id}/journal`;
    return (await this.#engine.json<{ readonly entries: readonly JournalEntry[] }>(path)).entries;
  }

  /** What it waits for, if it is suspended. */
  async waits(): Promise<Waits | undefined> {
    if ((await this.status()) !== "suspended") return undefined;
    return waitsIn(await this.#engine.json(`/invocations/${this.id}`));
  }

  /** What its handler has printed with `ctx.console` and `console`, also in steps, in order; and what the engine warns of. */
  get logs(): readonly TestLog[] {
    return this.#engine.turns.logs.of(this.#id);
  }

  /** How often it used what is billed, so far. */
  get counts(): InvocationCounts {
    return this.#engine.turns.counter.of(this.#id);
  }

  /** What it would have cost in AWS so far, and what that is made of. */
  async cost(): Promise<InvocationCost> {
    return await costOfInvocation((path) => this.#engine.json(path), this.id);
  }

  /** Its journal as it is stored, for {@link replay}: a line of JSON. */
  async recorded(): Promise<string> {
    const journal = await storedJournal(this.#engine.ports.items, this.#id, Infinity);
    if (journal.items.length === 0) throw new Error(`${this.id} has recorded nothing`);
    return encodeRecorded(journal);
  }

  /** Those that have ended, in the order in which their results were recorded. */
  async steps(): Promise<readonly RecordedStep[]> {
    return (await this.journal()).filter(({ type }) => type === "run").map(stepOf);
  }

  /** Resolves when it has this status, or a result of the step. Throws an Error when it has ended otherwise, or if there is no such
   * invocation. */
  waitFor(what: TestStatus | { readonly step: string }): Promise<void> {
    return this.#engine.awaited(this.#waitFor(what));
  }

  async #waitFor(what: TestStatus | { readonly step: string }): Promise<void> {
    if (typeof what === "string") {
      await this.#until(({ status }) => viewStatus(status) === what || endedError(this.id, status, what));
      return;
    }
    const isThere = async (): Promise<boolean> => (await this.steps()).some(({ name }) => name === what.step);
    await this.#until(
      async ({ status }) => (await isThere()) || endedError(this.id, status, `step ${what.step}`),
    );
  }

  async #head(): Promise<Head | undefined> {
    const stored = await readHead(this.#engine.ports.items, this.#id);
    return stored && !isExpired(stored.head, this.#engine.clock.now()) ? stored.head : undefined;
  }

  /** `isSo`: an Error says why it never will be. */
  async #until(isSo: (head: Head) => boolean | Error | Promise<boolean | Error>): Promise<Head> {
    for (;;) {
      // It begins before the look, so that no change falls between the two.
      const changed = this.#engine.ports.items.changed(headKey(this.#id), TEST_LOOK_MS);
      const isBusy = this.#engine.isBusy;
      const head = await this.#head();
      const so = head ? await isSo(head) : false;
      if (so instanceof Error) throw so;
      if (head && so) return head;
      if (!head && !isBusy && !(await this.#appears()))
        throw new Error(`there is no invocation ${this.id}, or no longer`);
      await changed;
    }
  }

  /** Whether one that nothing is known of has come when nothing is under way any more. */
  async #appears(): Promise<boolean> {
    await this.#engine.settled();
    return (await this.#head()) !== undefined;
  }
}

const pausedError = (id: string, { failure }: Head): Error =>
  new Error(`the invocation ${id} is paused: ${failure?.message ?? "somebody has paused it"}`);

const endedError = (id: string, status: Head["status"], what: string): Error | false =>
  status === "completed" && new Error(`the invocation ${id} has ended without: ${what}`);

function parsedBytes(bytes: unknown): unknown {
  if (!(bytes instanceof Uint8Array) || bytes.byteLength === 0) return undefined;
  return parsedText(new TextDecoder().decode(bytes));
}

function parsedText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

interface ResultView {
  readonly value?: string;
  readonly value_base64?: string;
  readonly failure?: Failure;
}

function stepOf({ name = "", result, attempts }: JournalEntry): RecordedStep {
  const { value, value_base64, failure } = (result ?? {}) as ResultView;
  return {
    name,
    attempts: typeof attempts === "number" ? attempts : 1,
    ...(failure === undefined ? {} : { error: failure }),
    ...(value === undefined || value === "" ? {} : { result: parsedText(value) }),
    ...(value_base64 === undefined ? {} : { result: value_base64 }),
  };
}
