/**
 * Ranges of positions below a mark that were left out on purpose: both ends belong to them, they are in order, and none touches the next.
 *
 * Without them a mark would say that what somebody has skipped was accepted, and it could never be fetched again.
 */
export type Gaps = readonly (readonly [bigint, bigint])[];

/** As it is stored: `0-499,600-699`. */
export const showGaps = (gaps: Gaps): string => gaps.map(([from, to]) => `${from}-${to}`).join(",");

/** Nothing of what is no such text. */
export const gapsIn = (text: string | undefined): Gaps =>
  (text ?? "").split(",").flatMap((range) => {
    const [, from, to] = /^(\d+)-(\d+)$/u.exec(range) ?? [];
    return from === undefined || to === undefined ? [] : [[BigInt(from), BigInt(to)] as const];
  });

export const isInGap = (gaps: Gaps, position: bigint): boolean =>
  gaps.some(([from, to]) => from <= position && position <= to);

/** `to` below `from`: it is empty. */
export function withGap(gaps: Gaps, from: bigint, to: bigint): Gaps {
  if (to < from) return gaps;
  let [first, last] = [from, to];
  const apart: (readonly [bigint, bigint])[] = [];
  for (const gap of gaps) {
    if (gap[1] + 1n < first || last + 1n < gap[0]) {
      apart.push(gap);
      continue;
    }
    [first, last] = [gap[0] < first ? gap[0] : first, gap[1] > last ? gap[1] : last];
  }
  return [...apart, [first, last] as const].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** What is left of them once this was accepted. `to` below `from`: all. */
export const withoutRange = (gaps: Gaps, from: bigint, to: bigint): Gaps =>
  gaps.flatMap(([first, last]) => {
    if (to < from || last < from || to < first) return [[first, last] as const];
    const left: (readonly [bigint, bigint])[] = [];
    if (first < from) left.push([first, from - 1n]);
    if (to < last) left.push([to + 1n, last]);
    return left;
  });
