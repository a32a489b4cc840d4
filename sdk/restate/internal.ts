/** What Restate's SDK exports as `internal`. */
import type { Context, ExplicitCancellation } from "../context.ts";

export { isSuspendedError } from "../hooks.ts";
export interface ContextInternal extends Context, ExplicitCancellation {}
