/** Medians and quantiles. Of no values they return NaN. */
export function quantileOf(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * at;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (low === undefined || high === undefined) return Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

export const medianOf = (values: readonly number[]): number => quantileOf(values, 0.5);
