/** What is said of many measurements. */
import type { Noting } from "./check.ts";

/** By the nearest rank. `NaN` of none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

export function notePercentiles(note: Noting, name: string, values: readonly number[], unit = "ms"): void {
  if (values.length === 0) return;
  for (const [label, part] of [
    ["p50", 0.5],
    ["p90", 0.9],
    ["p99", 0.99],
  ] as const) {
    note(`${name} ${label}`, Math.round(percentile(values, part)), unit);
  }
}

/** Runs `task` for each item, at most `atOnce` of them at a time, and returns their results in order. */
export async function pooled<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  task: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Map<number, Result>();
  const waiting = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, item] = next;
      results.set(index, await task(item, index));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return items.flatMap((_, index) => {
    const result = results.get(index);
    return result === undefined && !results.has(index) ? [] : [result as Result];
  });
}
