/** What Restate's SDK exports as `internal`, as far as it exists here. */
import type { Context } from "./context.ts";

export { isSuspendedError } from "./hooks.ts";
/** Signals and invocation references are part of every context here. Explicit cancellation is missing. */
export type ContextInternal = Context;
