/** Generic handlers. They interpret programs, and tell the observer what the user's code does. */
import {
  type Context,
  type DurablePromise,
  type ObjectContext,
  TerminalError,
  type WorkflowContext,
} from "../../sdk/index.ts";
import type * as sdk from "../../sdk/index.ts";
import { digest } from "../../lib/hash.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import { storedId } from "../../lib/model/shown-id.ts";
import type { Actor, CurrentTurn } from "./actor.ts";
import type { Account, Observer } from "./observer.ts";
import { tokensIn } from "./stored-value.ts";
import type {
  AwakeableInstruction,
  CallInstruction,
  DriftInstruction,
  Instruction,
  Part,
  Program,
  SignalInstruction,
  StepInstruction,
  TransactInstruction,
} from "./program.ts";
import { type Scheduler, whoRuns } from "./scheduler.ts";
import { writesOf } from "./user-tables.ts";

export type Sdk = typeof sdk;

/** What the handlers need of the run that they are part of. */
export interface Stage {
  readonly scheduler: Scheduler;
  readonly observer: Observer;
  /** How often something was executed, over all attempts. It stands for the state of the outside world. */
  readonly executions: Map<string, number>;
  /** The outside is told an awakeable's id. */
  told(id: string, instruction: AwakeableInstruction): void;
  /** The outside is asked to signal an invocation. */
  signalled(id: string, instruction: SignalInstruction): void;
  /** A program begins in a turn. */
  entered(actor: Actor, program: Program, id: string): void;
  /** What the handlers are written with. */
  readonly sdk: Sdk;
  /** All handlers' versions know that a wait can leave its signal's queue (decision 0016). */
  readonly hasLeaves: boolean;
  /** Version of the code: a turn on another version than the one that it began on differs. */
  readonly version: number;
}

/** Of a transaction's condition that did not hold. */
const CONDITION_CODE = 412;
/** How long brief services keep what has ended, milliseconds. */
export const BRIEF_MS = 3000;

type AnyContext = Context & ObjectContext & WorkflowContext;
export type Observation = readonly [string, ...unknown[]];

const SERVICES: Record<Program["callee"], { service: string; method: string }> = {
  plain: { service: "S", method: "go" },
  exclusive: { service: "O", method: "go" },
  shared: { service: "O", method: "look" },
  workflow: { service: "W", method: "run" },
  "workflow-shared": { service: "W", method: "look" },
  brief: { service: "BS", method: "go" },
  "brief-run": { service: "BW", method: "run" },
  "brief-look": { service: "BW", method: "look" },
};
export const targetOf = ({ callee, key }: Program) => {
  const { service: name, method } = SERVICES[callee];
  return key === undefined ? { service: name, handler: method } : { service: name, handler: method, key };
};

/** What binds the code as soon as the code sees it. A read binds only with the next append (R4), a version once it is pinned. */
export const withoutReads = (seen: readonly Observation[]): Observation[] =>
  seen.filter(([kind]) => kind !== "get" && kind !== "keys" && kind !== "peek" && kind !== "version");

export function definitions(stage: Stage): readonly unknown[] {
  const { handlers, object, service, workflow } = stage.sdk;
  const go = async (ctx: unknown, input: Program): Promise<unknown> => {
    const subscription = stage.observer.sources.isOn
      ? (ctx as AnyContext).request().headers.get("perdure.subscription")
      : undefined;
    const program = subscription === undefined ? input : stage.observer.sources.program(input, subscription);
    return await new Interpreter(stage, ctx as AnyContext, program).run();
  };
  const retryPolicy = {
    initialInterval: 50,
    maxInterval: 20_000,
    maxAttempts: 6,
    onMaxAttempts: "pause" as const,
  };
  return [
    service({
      name: "S",
      handlers: { go: (ctx: Context, program: Program) => go(ctx, program) },
      options: { retryPolicy },
    }),
    object({
      name: "O",
      handlers: {
        go: (ctx: ObjectContext, program: Program) => go(ctx, program),
        look: handlers.object.shared((ctx: unknown, program: Program) => go(ctx, program)),
      },
      options: { retryPolicy },
    }),
    workflow({
      name: "W",
      handlers: {
        run: (ctx: WorkflowContext, program: Program) => go(ctx, program),
        look: handlers.workflow.shared((ctx: unknown, program: Program) => go(ctx, program)),
      },
      options: { retryPolicy },
    }),
    service({
      name: "BS",
      handlers: { go: (ctx: Context, program: Program) => go(ctx, program) },
      options: { retryPolicy, idempotencyRetention: BRIEF_MS, journalRetention: 0 },
    }),
    workflow({
      name: "BW",
      handlers: {
        run: (ctx: WorkflowContext, program: Program) => go(ctx, program),
        look: handlers.workflow.shared((ctx: unknown, program: Program) => go(ctx, program)),
      },
      options: { retryPolicy, workflowRetention: BRIEF_MS },
    }),
  ];
}

class Interpreter {
  readonly #stage: Stage;
  readonly #ctx: AnyContext;
  readonly #program: Program;
  /** Results of steps that the code has seen. Everything that it does from now on may depend on them. */
  readonly #known: string[] = [];
  readonly #actor: Actor;
  /** Its environment may run another turn by the time that a step's action is retried. */
  readonly #turn: CurrentTurn | undefined;
  /** What the handler itself has observed, in the order of its code. */
  readonly #seen: Observation[] = [];
  /** Inside concurrent branches the order of observations is not the code's. */
  #branching = 0;

  constructor(stage: Stage, ctx: AnyContext, program: Program) {
    this.#stage = stage;
    this.#ctx = ctx;
    this.#program = program;
    this.#actor = whoRuns.getStore() as Actor;
    this.#turn = this.#actor.turn;
  }

  /** As it is stored, and as an older SDK shows it. */
  get #id(): InvocationId {
    const { id } = this.#ctx.request();
    return storedId(id) ?? id;
  }

  async run(): Promise<unknown> {
    const { pid, body } = this.#program;
    this.#stage.entered(this.#actor, this.#program, this.#id);
    const seen = this.#seen;
    // Version 2 of the code differs from the first operation on. Only pinning prevents a mismatch.
    if (this.#stage.version === 2)
      seen.push([
        "version",
        await this.#ctx.run(`version-${this.#stage.version}`, () => this.#stage.version),
      ]);
    await this.#do(body, seen);
    return { pid, seen };
  }

  async #do(body: readonly Instruction[], seen: Observation[]): Promise<void> {
    for (const instruction of body) {
      this.#stage.observer.count(instruction.do);
      await this.#one(instruction, seen);
    }
  }

  // oxlint-disable-next-line complexity -- one branch for each instruction
  async #one(instruction: Instruction, seen: Observation[]): Promise<void> {
    const ctx = this.#ctx;
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- all others are parts
    switch (instruction.do) {
      case "get": {
        const { name } = instruction;
        const value = await ctx.get<string>(name);
        this.#sawOf(value?.split(":")[0]);
        seen.push(["get", name, value]);
        return;
      }
      case "set": {
        const { pid } = this.#program;
        const value = `${pid}:${this.#known.at(-1) ?? "-"}${paddingOf(`${pid} ${instruction.name}`)}`;
        ctx.set(instruction.name, value);
        seen.push(["set", instruction.name, value]);
        return;
      }
      case "add":
        ctx.set(instruction.name, ((await ctx.get<number>(instruction.name)) ?? 0) + instruction.by);
        seen.push(["add", instruction.name, instruction.by]);
        return;
      case "clear":
        ctx.clear(instruction.name);
        seen.push(["clear", instruction.name]);
        return;
      case "clearAll":
        ctx.clearAll();
        seen.push(["clearAll"]);
        return;
      case "keys":
        seen.push(["keys", await ctx.stateKeys()]);
        return;
      case "send":
        await this.#send(instruction, seen);
        return;
      case "promise.peek":
        await this.#peek(instruction.name, seen);
        return;
      case "attach":
        await this.#attach(instruction.program, seen);
        return;
      case "promise.resolve":
        await this.#resolve(instruction.name, seen);
        return;
      case "throw":
        this.#throw(instruction);
        return;
      case "try":
        try {
          await this.#do(instruction.body, seen);
        } catch (error) {
          if (!TerminalError.is(error)) throw error;
          seen.push(["caught", error.message]);
          await this.#do(instruction.recover, seen);
        }
        return;
      case "branches":
        await this.#branches(instruction.branches, seen);
        return;
      case "drift":
        await this.#drift(instruction);
        seen.push(["drift", instruction.name]);
        return;
      default:
        seen.push([instruction.do, await this.#awaited(instruction)]);
    }
  }

  async #branches(branches: readonly (readonly Instruction[])[], seen: Observation[]): Promise<void> {
    const own = branches.map((): Observation[] => []);
    this.#branching++;
    const ends = await Promise.allSettled(branches.map((body, index) => this.#do(body, own[index] ?? [])));
    this.#branching--;
    for (const end of ends) if (end.status === "rejected" && !TerminalError.is(end.reason)) throw end.reason;
    seen.push(["branches", own]);
  }

  async #awaited(part: Part): Promise<unknown> {
    try {
      const value = await this.#start(part);
      this.#known.push(...tokensOf(value));
      return value ?? null;
    } catch (error) {
      if (error instanceof AggregateError) return "all failed";
      throw error;
    }
  }

  #start(part: Part): DurablePromise<unknown> {
    const ctx = this.#ctx;
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- all others combine
    switch (part.do) {
      case "step":
        return this.#step(part);
      case "transact":
        return this.#transact(part);
      case "sleep":
        return ctx.sleep(part.ms);
      case "call":
        return this.#call(part);
      case "promise.get":
        return ctx.promise(part.name).get();
      case "awakeable":
        return this.#awakeable(part);
      case "signals":
        return this.#signals(part);
      case "timeout":
        return this.#start(part.part).orTimeout(part.ms);
      default: {
        const parts = part.parts.map((each) => this.#start(each));
        // A part that the program does not await may fail. That must not become an unhandled rejection.
        if (part.do === "all") return this.#stage.sdk.DurablePromise.all(parts);
        if (part.do === "any") return this.#stage.sdk.DurablePromise.any(parts);
        return part.do === "race"
          ? this.#stage.sdk.DurablePromise.race(parts)
          : this.#stage.sdk.DurablePromise.allSettled(parts).map((ends) => ends?.map(settledText));
      }
    }
  }

  #step(step: StepInstruction): DurablePromise<unknown> {
    const { name, attemptsMax } = step;
    return this.#ctx.run(
      name,
      this.#resultOf(step),
      attemptsMax === undefined ? {} : { maxRetryAttempts: attemptsMax, initialRetryInterval: 40 },
    );
  }

  /** What a step does. */
  #resultOf(step: StepInstruction | TransactInstruction): () => Promise<string> {
    const { name } = step;
    const account = this.#account();
    return async (): Promise<string> => {
      this.#stage.observer.stepStarts(this.#actor, this.#turn, name, account);
      const count = this.#executions(name);
      await this.#pause(step.ms);
      if (count <= (step.fails ?? 0)) {
        if (this.#turn) this.#stage.observer.once.excuse(this.#turn.id);
        throw new Error(`sim: ${name} fails for the ${count}. time`);
      }
      if (step.terminal) throw new TerminalError(`sim: ${name} is terminal`);
      return `⟦${name}#${count}⟧${"x".repeat(step.padding ?? 0)}`;
    };
  }

  /** X1: its writes name the invocation, its life and the step. */
  #transact(step: TransactInstruction): DurablePromise<unknown> {
    const { name, attemptsMax } = step;
    const { id, incarnation } = this.#turn ?? { id: this.#id, incarnation: 0 };
    const result = this.#resultOf(step);
    const action = async () => {
      const value = await result();
      const [token = ""] = tokensIn(value);
      return { writes: writesOf(`${id} ${incarnation} ${name}`, token, step.slot), result: value };
    };
    const options =
      attemptsMax === undefined ? {} : { maxRetryAttempts: attemptsMax, initialRetryInterval: 40 };
    return this.#ctx.transact<string>(name, action, options).map((value, failure) => {
      if (failure?.code === CONDITION_CODE && failure.name === "TransactionError") return "refused";
      if (failure) throw failure;
      return value;
    });
  }

  /** D1: it must not do what it has named anew in an attempt that knows of the one before. */
  async #drift({ name, ms }: DriftInstruction): Promise<void> {
    const {
      observer,
      sdk: { RetryableError },
    } = this.#stage;
    observer.drifting.add(this.#id);
    const step = `${name}-${this.#executions(`${name} attempts`) % 2 === 1 ? "a" : "b"}`;
    const account = this.#account();
    await this.#ctx.run(step, async () => {
      observer.stepStarts(this.#actor, this.#turn, step, account);
      observer.driftStarts(this.#turn, step);
      const count = this.#executions(name);
      await this.#pause(ms);
      // Longer than its message is held, so that the head says what was begun.
      if (count === 1) throw new RetryableError(`sim: ${step} fails once`, { retryAfter: 700 });
    });
  }

  /** All that the code knows at this point. What it does next may depend on it. */
  #account(): Account {
    const seen = this.#branching > 0 ? undefined : JSON.stringify(withoutReads(this.#seen)).slice(0, -1);
    return { known: [...this.#known], seen };
  }

  #executions(name: string): number {
    const count = (this.#stage.executions.get(name) ?? 0) + 1;
    this.#stage.executions.set(name, count);
    return count;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#stage.scheduler.after(ms, () => {
        if (this.#actor.alive) resolve();
      });
    });
  }

  /** A step of its own tells the outside. Its result is not used. */
  #awakeable(instruction: AwakeableInstruction): DurablePromise<unknown> {
    const { id, promise } = this.#ctx.awakeable<string>();
    const account = this.#account();
    const told = this.#ctx.run(`${instruction.name}-tell`, () => {
      this.#stage.observer.stepStarts(this.#actor, this.#turn, `${instruction.name}-tell`, account);
      this.#stage.told(id, instruction);
      return null;
    });
    return this.#stage.sdk.DurablePromise.all([told, promise]).map((both, failure) => {
      if (failure) throw failure;
      return both?.[1];
    });
  }

  /** M2: the code takes each delivery once. A wait that has lost its race takes none, or the last one would never end. */
  #signals(instruction: SignalInstruction): DurablePromise<unknown> {
    const { name, askMs } = instruction;
    const id = this.#id;
    const account = this.#account();
    const told = this.#ctx.run(`${name}-tell`, () => {
      this.#stage.observer.stepStarts(this.#actor, this.#turn, `${name}-tell`, account);
      this.#stage.signalled(id, instruction);
      return askMs === undefined ? null : this.#pause(askMs).then(() => null);
    });
    const { DurablePromise } = this.#stage.sdk;
    const loses = (): DurablePromise<unknown> =>
      DurablePromise.race([this.#ctx.signal<string>(name), DurablePromise.resolve("nothing")]);
    const lost = this.#stage.hasLeaves ? [loses()] : [];
    const both = [this.#ctx.signal<string>(name), this.#ctx.signal<string>(name)];
    return DurablePromise.all([told, ...lost, ...both]).map((all, failure) => {
      if (failure) throw failure;
      const [first, second] = all?.slice(-2) ?? [];
      if (first === second) this.#stage.observer.fail("M2", `signal ${name} of ${id} was taken twice`);
      return [String(first), String(second)].toSorted((one, other) => (one < other ? -1 : 1));
    });
  }

  #inputOf(program: Program): Program {
    const token = this.#known.at(-1);
    return token === undefined ? program : { ...program, token };
  }

  #call({ program, idempotencyKey }: CallInstruction): DurablePromise<unknown> {
    const { service: name, method } = SERVICES[program.callee];
    return this.#ctx.genericCall<Program, unknown>({
      service: name,
      method,
      parameter: this.#inputOf(program),
      inputSerde: json,
      outputSerde: json,
      ...(program.key === undefined ? {} : { key: program.key }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  }

  async #send(send: Extract<Instruction, { do: "send" }>, seen: Observation[]): Promise<void> {
    const { program, delayMs, idempotencyKey, cancelled } = send;
    const { service: name, method } = SERVICES[program.callee];
    const handle = this.#ctx.genericSend<Program>({
      service: name,
      method,
      parameter: this.#inputOf(program),
      inputSerde: json,
      ...(program.key === undefined ? {} : { key: program.key }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(delayMs === undefined ? {} : { delay: delayMs }),
    });
    seen.push(["send", program.pid]);
    if (cancelled) {
      this.#stage.observer.count("cancel by a handler");
      // Awaited beside something durable: the id is known with the append that contains the send.
      await this.#ctx.sleep(1);
      this.#ctx.cancel(await handle.invocationId);
    }
  }

  async #peek(name: string, seen: Observation[]): Promise<void> {
    const value = (await this.#ctx.promise<string>(name).peek()) ?? null;
    this.#sawOf(value?.split(" by ")[1]);
    seen.push(["peek", name, value]);
  }

  /** LIFE: once a run has expired, no program may see what it has left. */
  #sawOf(writer: string | undefined): void {
    if (this.#program.callee !== "brief-run" && this.#program.callee !== "brief-look") return;
    if (writer !== undefined) this.#stage.observer.saw(this.#program, this.#turn, writer);
  }

  async #attach(program: Program, seen: Observation[]): Promise<void> {
    const ctx = this.#ctx;
    const { service: name, method } = SERVICES[program.callee];
    const handle = ctx.genericSend<Program>({
      ...{ service: name, method, parameter: this.#inputOf(program), inputSerde: json },
      ...(program.key === undefined ? {} : { key: program.key }),
    });
    // Awaited beside something durable: the id is known with the append that contains the send.
    await ctx.sleep(1);
    const id = await handle.invocationId;
    try {
      const value = await ctx.attach(id, json);
      this.#known.push(...tokensOf(value));
      seen.push(["attach", value]);
    } catch (error) {
      if (!TerminalError.is(error)) throw error;
      seen.push(["attach", `failed: ${error.message}`]);
    }
  }

  async #resolve(name: string, seen: Observation[]): Promise<void> {
    try {
      await this.#ctx
        .promise<string>(name)
        .resolve(`value of ${name} by ${this.#program.pid}${paddingOf(name)}`);
      seen.push(["resolve", name, "mine"]);
    } catch (error) {
      if (!TerminalError.is(error)) throw error;
      seen.push(["resolve", name, error.message]);
    }
  }

  #throw({ terminal, times = 0, name }: Extract<Instruction, { do: "throw" }>): void {
    if (terminal) throw new TerminalError(`sim: ${name} is terminal`);
    // Only a live execution should count, but the code cannot know whether it is live. Counting attempts does as well.
    const count = this.#executions(name);
    if (count <= times) throw new Error(`sim: ${name} fails for the ${count}. time`);
  }
}

/** A state key all of whose values are long. */
export const LONG_NAME = "long";

/** Some values are longer than one item or message holds, always the same ones. */
export function paddingOf(name: string): string {
  const [kind = 0, length = 0] = digest(2, "padding", name);
  return kind < 50 || name.endsWith(LONG_NAME) ? "x".repeat(1200 + 10 * length) : "";
}

const json = {
  serialize: (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value)),
  deserialize: (bytes: Uint8Array): Program => JSON.parse(new TextDecoder().decode(bytes)) as Program,
};

const settledText = (end: PromiseSettledResult<unknown>): unknown =>
  end.status === "fulfilled" ? end.value : `failed: ${(end.reason as Error).message}`;

/** The step results in a value. */
const tokensOf = (value: unknown): string[] =>
  tokensIn(typeof value === "string" ? value : JSON.stringify(value ?? null));
