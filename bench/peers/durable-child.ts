/**
 * Runs the workloads on AWS's durable execution SDK with its local runner. It needs a process of its own, because the runner
 * replaces the process's timers. Prints what each execution recorded, as JSON.
 */
import { importPeer } from "./install.ts";

interface Operation {
  getType(): string | undefined;
  getSubType(): string | undefined;
  getName(): string | undefined;
  waitForData(status?: string): Promise<Operation>;
  sendCallbackSuccess(result?: string): Promise<unknown>;
}
interface Execution {
  getOperations(): Operation[];
  getInvocations(): unknown[];
  getStatus(): string | undefined;
  getHistoryEvents(): { readonly EventType?: string }[];
}
interface Runner {
  run(params?: { payload?: unknown }): Promise<Execution>;
  registerDurableFunction(name: string, handler: unknown): Runner;
  getOperation(name: string): Operation;
}
interface Testing {
  readonly LocalDurableTestRunner: {
    new (params: { handlerFunction: unknown }): Runner;
    setupTestEnvironment(params: { skipTime: boolean }): Promise<void>;
    teardownTestEnvironment(): Promise<void>;
  };
  readonly WaitingOperationStatus: { readonly STARTED: string };
}
interface DurableContext {
  step<T>(name: string, action: () => Promise<T>, config?: unknown): Promise<T>;
  wait(duration: { seconds: number }): Promise<void>;
  invoke<T>(name: string, target: string, input: unknown): Promise<T>;
  createCallback(name: string): Promise<[Promise<string>, string]>;
}
type Handler = (event: never, ctx: DurableContext) => Promise<unknown>;
/** The local runner passes the transport in the event. */
type Wrapped = (event: Event, context: unknown) => Promise<unknown>;
interface Event {
  durableExecutionClient: { checkpoint(...request: unknown[]): Promise<unknown>; getExecutionState: unknown };
}
interface DurableSdk {
  readonly withDurableExecution: (handler: Handler) => Wrapped;
  readonly createRetryStrategy: (config: { maxAttempts: number }) => unknown;
}

const { LocalDurableTestRunner, WaitingOperationStatus } = await importPeer<Testing>(
  "@aws/durable-execution-sdk-js-testing",
);
const { withDurableExecution, createRetryStrategy } = await importPeer<DurableSdk>(
  "@aws/durable-execution-sdk-js",
);
const DAY_S = 24 * 60 * 60;

const steps =
  (count: number): Handler =>
  async (_event, ctx) => {
    let sum = 0;
    for (let step = 0; step < count; step++) sum += await ctx.step(`step ${step}`, async () => step);
    return sum;
  };
const sleep =
  (seconds: number): Handler =>
  async (_event, ctx) => {
    await ctx.wait({ seconds });
    return "rested";
  };
const echo: Handler = async (n) => n;

const HANDLERS: Readonly<Record<string, Handler>> = {
  "no-op service call": async () => "hello you",
  "10 sequential steps": steps(10),
  "100 sequential steps": steps(100),
  "10 parallel steps": async (_event, ctx) =>
    (await Promise.all(Array.from({ length: 10 }, (_, n) => ctx.step(`step ${n}`, async () => n)))).length,
  "1-minute sleep": sleep(60),
  "1-hour sleep": sleep(3600),
  "30-day sleep": sleep(30 * DAY_S),
  awakeable: async (_event, ctx) => {
    const [answer, id] = await ctx.createCallback("answer");
    await ctx.step("ask", async () => id);
    return await answer;
  },
  "saga, 5 steps, compensates": async (_event, ctx) => {
    const undo: string[] = [];
    try {
      for (let step = 1; step <= 5; step++) {
        const once = { retryStrategy: createRetryStrategy({ maxAttempts: 1 }) };
        await ctx.step(
          `do ${step}`,
          async () => {
            if (step === 5) throw new Error("no");
          },
          once,
        );
        undo.push(`undo ${step}`);
      }
    } catch {
      for (const name of undo.toReversed()) await ctx.step(name, async () => undefined);
    }
    return undo.length;
  },
  "fan-out to 100 calls": async (_event, ctx) =>
    (await Promise.all(Array.from({ length: 100 }, (_, n) => ctx.invoke(`call ${n}`, "echo", n)))).length,
  // In the local runner an invoked function cannot invoke. So this is one link of the chain of ten.
  "chain of 10 calls": async (_event, ctx) => await ctx.invoke("next", "echo", 0),
  "one-way send": async () => "hello you",
  "delayed send": sleep(600),
};

let checkpoints = 0;
/** Counts the calls that the SDK makes to record what it did. */
const counting =
  (wrapped: Wrapped): Wrapped =>
  async (event, context) => {
    const client = event.durableExecutionClient;
    const checkpoint = client.checkpoint.bind(client);
    client.checkpoint = async (...request) => {
      checkpoints++;
      return await checkpoint(...request);
    };
    return await wrapped(event, context);
  };

await LocalDurableTestRunner.setupTestEnvironment({ skipTime: true });
const results: Record<string, unknown> = {};
for (const [name, handler] of Object.entries(HANDLERS)) {
  const runner = new LocalDurableTestRunner({ handlerFunction: counting(withDurableExecution(handler)) });
  runner.registerDurableFunction("echo", withDurableExecution(echo));
  checkpoints = 0;
  const running = runner.run({ payload: 0 });
  if (name === "awakeable") {
    const callback = runner.getOperation("answer");
    await callback.waitForData(WaitingOperationStatus.STARTED);
    await callback.sendCallbackSuccess('"yes"');
  }
  const execution = await running;
  const types: Record<string, number> = {};
  for (const operation of execution.getOperations()) {
    const type = operation.getSubType() ?? operation.getType() ?? "unknown";
    types[type] = (types[type] ?? 0) + 1;
  }
  results[name] = {
    status: execution.getStatus(),
    types,
    invocations: execution.getInvocations().length,
    checkpoints,
  };
}
await LocalDurableTestRunner.teardownTestEnvironment();
console.log(JSON.stringify(results));
