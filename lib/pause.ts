/** Waiting by the injected clock. */
import type { Clock } from "./ports.ts";

/** Resolves when at least `ms` milliseconds have passed. */
export const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.after(ms, resolve));
