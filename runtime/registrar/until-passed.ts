/** Permissions that a deployment has just given, and a version that Lambda prepares, take some seconds. */
import { PERMISSION_ATTEMPTS_MAX, PERMISSION_PAUSE_MS } from "../../lib/limits/aws.ts";
import { type Clock, elapse } from "../../lib/ports.ts";

/** Repeats what has failed with something that `mayPass`. Throws what it throws last. */
export async function untilPassed<T>(
  clock: Clock,
  attempt: () => Promise<T>,
  mayPass: (error: unknown) => boolean,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (tried === PERMISSION_ATTEMPTS_MAX || !mayPass(error)) throw error;
      await elapse(clock, PERMISSION_PAUSE_MS);
    }
  }
}
