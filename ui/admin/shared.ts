/** Several parts of a page want the same at the same time: the server is asked once. */

/** Parts that come onto the screen together, or are told of the same change, ask within this. */
export const YOUNG_MS = 300;

/** What `load` has answered, if that is no older; what fails is forgotten. Asked for by several, it is not stopped with one of them. */
export function shared<T>(youngMs: number, load: () => Promise<T>): () => Promise<T> {
  let last: { readonly atMs: number; readonly answer: Promise<T> } | undefined;
  return async () => {
    if (last !== undefined && performance.now() - last.atMs < youngMs) return await last.answer;
    const own = { atMs: performance.now(), answer: load() };
    last = own;
    try {
      return await own.answer;
    } catch (error) {
      if (last === own) last = undefined;
      throw error;
    }
  };
}
