/** "Did you mean": the name that was probably meant. */
import { NAME_CHARS_MAX } from "../lib/limits/cli-invocations.ts";

/** A third of the name may be wrong, and one character in any case. */
const WRONG_PART = 3;

/** The nearest of the names, or `undefined` if none is near. */
export function nearest(wanted: string, names: readonly string[]): string | undefined {
  const text = wanted.slice(0, NAME_CHARS_MAX).toLowerCase();
  const most = Math.max(1, Math.floor(text.length / WRONG_PART));
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of names) {
    const distance = distanceOf(text, name.slice(0, NAME_CHARS_MAX).toLowerCase());
    if (distance <= most && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/** To be appended to an error: ` Did you mean "x"?`, or nothing. */
export function didYouMean(wanted: string, names: readonly string[]): string {
  const name = nearest(wanted, names);
  return name === undefined ? "" : ` Did you mean "${name}"?`;
}

/** Characters to be added, taken away, replaced or swapped with their neighbour. */
function distanceOf(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          (last[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (last[j - 1] ?? 0) + cost,
          isSwapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
