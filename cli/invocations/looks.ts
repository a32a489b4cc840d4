/** Looking again and again, until there is nothing more to see. */
import { setTimeout as sleep } from "node:timers/promises";
import { FOLLOW_FAILURES_MAX, FOLLOW_LOOK_MS, FOLLOW_LOOK_MS_MAX } from "../../lib/limits/cli-invocations.ts";
import type { Cli } from "../cli.ts";
import { Unreachable } from "../door.ts";

/** `changed`: something has, so the next look comes soon. `ended`: no more looks. */
export type Look = "changed" | "same" | "ended";

/** Returns whether it ended by itself: false if the time was over. A server that does not answer for a moment is asked again. */
export async function looks(
  cli: Cli,
  timeoutMs: number | undefined,
  look: () => Promise<Look>,
): Promise<boolean> {
  const endMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  let pauseMs = FOLLOW_LOOK_MS;
  for (let failures = 0; ;) {
    try {
      const seen = await look();
      if (seen === "ended") return true;
      failures = 0;
      pauseMs = seen === "changed" ? FOLLOW_LOOK_MS : Math.min(pauseMs * GROWTH, FOLLOW_LOOK_MS_MAX);
    } catch (error) {
      if (!(error instanceof Unreachable) || ++failures >= FOLLOW_FAILURES_MAX) throw error;
      if (failures === 1) cli.out.warn(`${error.message}; it is asked again`);
    }
    const leftMs = endMs - performance.now();
    if (leftMs <= 0) return false;
    await sleep(Math.min(pauseMs, leftMs));
  }
}

const GROWTH = 1.5;
