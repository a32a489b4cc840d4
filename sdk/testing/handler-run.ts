/**
 * One handler, run once, for a unit test: given its state and what its steps do, it answers what it has returned, set and run.
 *
 * Why there is no mocked context. A context that imitates the operations would be a second implementation of them, and what a test then
 * sees is that one. The whole engine starts in two milliseconds, so this runs the handler in it, with the real context.
 */
import { HANDLER_RUN_SKIPS_MAX } from "../../lib/limits/local.ts";
import type { IngressClient } from "../client/index.ts";
import type { HandlersOf } from "../context.ts";
import { isDefinition } from "../definition.ts";
import { TestEnvironment, type TestEnvironmentOptions } from "./environment.ts";
import type { RecordedStep, TestInvocation } from "./invocation.ts";
import type { TestLog } from "./logs.ts";
import type { StepReplacement } from "./steps.ts";

export interface HandlerRunOptions extends Pick<TestEnvironmentOptions, "determinism" | "logs"> {
  /** Of an object or a workflow. Default: `key`. */
  readonly key?: string;
  /** What the state is before. */
  readonly state?: Readonly<Record<string, unknown>>;
  /** What steps do, by their names: an Error is thrown, a function runs in place of the closure, anything else is the result. Others run
   * as they are. */
  readonly steps?: Readonly<Record<string, unknown>>;
  /** Stands for services that the handler calls: `(environment) => environment.stub(payments, { … })`. */
  readonly prepare?: (environment: TestEnvironment) => void;
}

export interface HandlerRun<R> {
  readonly result: R;
  /** The state after it. */
  readonly state: Readonly<Record<string, unknown>>;
  /** Steps whose results are recorded, in order. */
  readonly steps: readonly RecordedStep[];
  readonly logs: readonly TestLog[];
}

type InputOf<F> = F extends (context: never, ...input: infer A) => unknown ? A : never;
type OutputOf<F> = F extends (context: never, ...input: never[]) => infer R ? Awaited<R> : never;

/**
 * `await runHandler(counter, "add", [2], { state: { sum: 40 } })`. Time passes at once. Throws the TerminalError with which the handler
 * failed; an Error if it waits for what does not come by itself, such as an awakeable; `TypeError` for what is no definition.
 */
export async function runHandler<D extends { readonly name: string }, H extends keyof HandlersOf<D> & string>(
  definition: D,
  handler: H,
  input: InputOf<HandlersOf<D>[H]>,
  { key = "key", state = {}, steps = {}, prepare, ...options }: HandlerRunOptions = {},
): Promise<HandlerRun<OutputOf<HandlersOf<D>[H]>>> {
  await using environment = await TestEnvironment.start({ services: [definition], ...options });
  prepare?.(environment);
  for (const [name, told] of Object.entries(steps)) tell(environment, name, told);
  const isKeyed = isDefinition(definition) && definition.type !== "service";
  if (isKeyed && Object.keys(state).length > 0) await environment.state(definition, key).setAll(state);
  const send = sendOf(environment.client, definition, isKeyed ? key : undefined, handler);
  const { invocationId } = await send(...(input as readonly unknown[]));
  const invocation = environment.invocation(invocationId);
  await ended(environment, invocation);
  return {
    result: await invocation.result<OutputOf<HandlersOf<D>[H]>>(),
    state: isKeyed ? await environment.state(definition, key).all() : {},
    steps: await invocation.steps(),
    logs: invocation.logs,
  };
}

function tell(environment: TestEnvironment, name: string, told: unknown): void {
  const step = environment.step(name);
  if (told instanceof Error) step.throws(told);
  else if (typeof told === "function") step.calls(told as StepReplacement);
  else step.returns(told);
}

type Send = (...input: readonly unknown[]) => Promise<{ readonly invocationId: string }>;

function sendOf(
  client: IngressClient,
  definition: { readonly name: string },
  key: string | undefined,
  handler: string,
): Send {
  const isWorkflow = isDefinition(definition) && definition.type === "workflow";
  const clients: unknown =
    key === undefined
      ? client.serviceSendClient(definition)
      : isWorkflow
        ? client.workflowSendClient(definition, key)
        : client.objectSendClient(definition, key);
  return async (...input) => await ((clients as Record<string, Send>)[handler] as Send)(...input);
}

/** Lets time pass until it has ended. */
async function ended(environment: TestEnvironment, invocation: TestInvocation): Promise<void> {
  for (let skips = 0; skips < HANDLER_RUN_SKIPS_MAX; skips++) {
    await environment.settled();
    const status = await invocation.status();
    if (status === "completed" || status === "paused") return;
    const waits = await invocation.waits();
    if (waits && !waits.until)
      throw new Error(`the handler waits for ${waits.words}: use a TestEnvironment, and complete it there`);
    if (waits?.until) await environment.skipUntil(waits.until);
    else await environment.skip({ minutes: 1 });
  }
  throw new Error(`the handler has not ended after ${HANDLER_RUN_SKIPS_MAX} timers`);
}
