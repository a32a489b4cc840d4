/** What a context is made for: a handler, and one attempt of an invocation of it. */
import type { ServiceType } from "../../lib/model/manifest.ts";
import type { InvocationRequest } from "../context.ts";
import type { HandlerOptions } from "../definition.ts";
import type { AttemptHooks } from "../hooks.ts";
import type { TurnLog } from "../logger.ts";
import type { Serde } from "../serde.ts";
import type { Forgotten } from "./forgotten.ts";

/** What a handler is, apart from its turn. */
export interface HandlerCode {
  readonly serviceType: ServiceType;
  readonly options: HandlerOptions;
  /** Of steps, state, and calls that have no other. */
  readonly serde: Serde<unknown>;
  readonly forgotten: Forgotten;
  /** Whether a handler of the same service is exclusive. */
  isExclusive(handler: string): boolean;
}

/** What stands around one attempt. */
export interface Attempt {
  readonly request: InvocationRequest;
  readonly hooks: AttemptHooks | undefined;
  readonly log: TurnLog;
}
