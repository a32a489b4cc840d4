/** Traces of a function of the runtime, if its variables say where spans go (docs/tracing.md). Otherwise nothing of it is loaded. */
import type { Environment } from "../../lib/environment.ts";
import type { Invoker, Meter } from "../../lib/ports.ts";
import { isTracingAsked } from "../../lib/tracing/asked.ts";
import type * as lambdaTracingModule from "../../lib/aws/lambda-tracing.ts";
import type { EngineTraces } from "../traces/engine-traces.ts";
import type * as engineTracesModule from "../traces/engine-traces.ts";
import { lambdaLogger } from "./lambda-logger.ts";

export interface FunctionTraces {
  /** Absent: nothing is traced. */
  readonly engine: EngineTraces | undefined;
  /** What is dropped is measured from now on. */
  measure(meter: Meter): void;
  watching(invoker: Invoker): Invoker;
  /** Wait for it before the function answers. */
  answered(): Promise<void>;
}

const NONE: FunctionTraces = {
  engine: undefined,
  measure: () => undefined,
  watching: (invoker) => invoker,
  answered: () => Promise.resolve(),
};

/** Call it while the function initialises. */
export async function functionTraces(environment: Environment): Promise<FunctionTraces> {
  // The bundler writes "no" there for a runtime without tracing: then what is within is not in the code.
  if (process.env["PERDURE_TRACES_BUILT"] !== "no" && isTracingAsked(environment)) {
    const parts = await Promise.all([
      import("../../lib/aws/lambda-tracing.ts"),
      import("../traces/engine-traces.ts"),
    ]);
    return await tracesWith(environment, ...parts);
  }
  return NONE;
}

async function tracesWith(
  environment: Environment,
  { lambdaTracing }: typeof lambdaTracingModule,
  { TracedEngine }: typeof engineTracesModule,
): Promise<FunctionTraces> {
  let meter: Meter | undefined;
  const dropped = (count: number): void => {
    for (let each = 0; each < count; each++) meter?.measure("spansDropped");
  };
  const traced = await lambdaTracing(environment, lambdaLogger(environment), dropped);
  if (!traced) return NONE;
  const engine = new TracedEngine(traced.tracing);
  return {
    engine,
    measure: (given) => (meter = given),
    watching: (invoker) => engine.watching(invoker),
    answered: async () => await traced.answered(),
  };
}
