/** Reads of SQLite are synchronous: between two pages of a long one, everything else gets its turn. */
import { setImmediate } from "node:timers";

/** Resolves in the next turn of the event loop. */
export const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
