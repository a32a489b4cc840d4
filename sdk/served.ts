/** What is served: services with their options, and values that stand for all that they serve. */
import type { WorkflowOptions } from "./definition.ts";
import type { LoggerTransport } from "./logger.ts";

export interface EndpointOptions {
  /** Options that a service does not set itself. */
  readonly defaultServiceOptions?: WorkflowOptions;
  /** Gets what handlers say with `ctx.console`, and what the engine says of their invocations. Without it that is printed,
   * from the level on that `PERDURE_LOGGING` or `RESTATE_LOGGING` names. */
  readonly logger?: LoggerTransport;
}

/** Services and their options: what a deployment is made of. */
export interface Served extends EndpointOptions {
  /** What `service()`, `object()` and `workflow()` return. */
  readonly services: readonly unknown[];
}
/** Marks what stands for all that it serves, where definitions are expected. */
export const SERVED = Symbol.for("perdure.served");
/** Set by the process that runs a file for the local engine (runtime/dev/hosts/served-collector.ts). */
const COLLECTOR = Symbol.for("perdure.collector");

/** Under `perdure dev` nothing listens: the engine runs the file's code itself, so what would serve there is told to it.
 * `false`: this process has to serve by itself. */
export function collect(served: Served): boolean {
  const collector = (globalThis as { [COLLECTOR]?: (served: Served) => void })[COLLECTOR];
  collector?.(served);
  return collector !== undefined;
}

export function servedBy(value: unknown): Served | undefined {
  const isHolder = (typeof value === "object" && value !== null) || typeof value === "function";
  return isHolder ? (value as { readonly [SERVED]?: Served })[SERVED] : undefined;
}

interface Bound {
  readonly definition: unknown;
  /** Of what it was bound to. */
  readonly defaultServiceOptions: WorkflowOptions | undefined;
}

export function definitionsIn(value: unknown, given: EndpointOptions): readonly Bound[] {
  const { services = [value], defaultServiceOptions: own } = servedBy(value) ?? {};
  const defaultServiceOptions = given.defaultServiceOptions ?? own;
  return services.map((definition) => ({ definition, defaultServiceOptions }));
}
