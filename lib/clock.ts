/**
 * The real clock, for every process: handlers and runtime functions in Lambda, `perdure dev`, tests of users.
 * Tests that need another time and the simulator bring a clock of their own. test/contract/clock-suite.ts says what
 * all of them must do.
 */
import { clearTimeout, setTimeout } from "node:timers";
import type { Clock } from "./ports.ts";
import { WAIT_PIECE_MS_MAX } from "./limits.ts";

/**
 * Cuts a long wait into pieces of at most `pieceMsMax`, for two reasons.
 * - `setTimeout` takes at most 2^31 - 1 ms. With more than that (24.8 days) it calls back after 1 ms.
 * - It does not count the time that a machine sleeps. So the wall clock is asked too after each piece.
 *
 * `now`: the wall clock.
 */
export function clockOf(pieceMsMax: number, now = (): number => Date.now()): Clock {
  return {
    now,
    after(ms, callback) {
      const startedMs = performance.now();
      // The time is rounded down, so this moment may be up to a millisecond later than it says.
      const dueAtMs = now() + 1 + ms;
      let timeout: NodeJS.Timeout;
      const wait = (leftMs: number): void => {
        timeout = setTimeout(
          () => {
            // Both clocks: setTimeout may be a fraction of a millisecond early, and the wall clock may be set back.
            const elapsedMs = performance.now() - startedMs;
            const restMs = Math.min(ms - elapsedMs, elapsedMs < pieceMsMax ? Infinity : dueAtMs - now());
            if (restMs <= 0) callback();
            else wait(restMs);
          },
          Math.ceil(Math.min(leftMs, pieceMsMax)),
        );
      };
      wait(Math.max(ms, 0));
      return () => clearTimeout(timeout);
    },
  };
}

export const systemClock = clockOf(WAIT_PIECE_MS_MAX);

/** Measures how long something takes. Its time is about the system's, and does not jump: when the machine sleeps, or its clock is set. */
export const systemStopwatch = clockOf(WAIT_PIECE_MS_MAX, () =>
  Math.floor(performance.timeOrigin + performance.now()),
);
