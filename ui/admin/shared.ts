/** Several parts of a page want the same at the same time: the server is asked once. */

/** Parts that come onto the screen together, or are told of the same change, ask within this. */
export const YOUNG_MS = 300;

interface Asked<T> {
  readonly atMs: number;
  readonly round: number;
  readonly signal: AbortSignal;
  readonly answer: Promise<T>;
}

/**
 * What `load` has answered, if that is no older, and of this round: see live.ts. What has failed, or was stopped with the part that
 * asked, is asked anew.
 */
export function shared<T>(
  youngMs: number,
  load: (signal: AbortSignal) => Promise<T>,
  roundNow: () => number = () => 0,
): (signal: AbortSignal) => Promise<T> {
  let last: Asked<T> | undefined;
  return async (signal) => {
    const known = last;
    const round = roundNow();
    if (known?.round === round && performance.now() - known.atMs < youngMs) {
      try {
        return await known.answer;
      } catch (error) {
        if (!known.signal.aborted || signal.aborted) throw error;
      }
    }
    const own: Asked<T> = { atMs: performance.now(), round, signal, answer: load(signal) };
    last = own;
    try {
      return await own.answer;
    } catch (error) {
      if (last === own) last = undefined;
      throw error;
    }
  };
}
