/**
 * Does many pieces of work with a bound on how many are under way at the same time.
 *
 * Both functions throw the first error only after every piece that was begun has ended. So nothing is still under way
 * behind an error, and a second try cannot meet the rest of the first one. After an error no new piece is begun.
 */

/** Does `work` for each item, at most `limit` of them at the same time. */
export async function eachAtOnce<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  let failed: { readonly error: unknown } | undefined;
  const lane = async (): Promise<void> => {
    while (!failed) {
      const next = left.next();
      if (next.done === true) return;
      try {
        await work(next.value);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (failed) throw failed.error;
}

/** Does `work` for the numbers from 0 to `count` - 1, at most `limit` of them at the same time. */
export const atOnce = (count: number, limit: number, work: (index: number) => Promise<void>): Promise<void> =>
  eachAtOnce(
    Array.from({ length: count }, (_, index) => index),
    limit,
    work,
  );
