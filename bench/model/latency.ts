/** How long AWS takes, as a model: quantiles by hop, each with its source, in latencies.json. */
import { readFileSync } from "node:fs";

export type Hop =
  | "dynamodb.read"
  | "dynamodb.write"
  | "sqs.send"
  | "sqs.fifo.delivery"
  | "sqs.standard.delivery"
  | "lambda.invoke"
  | "apiGateway.overhead"
  | "scheduler.precision"
  | "durable.step"
  | "stepFunctions.start";

interface Distribution {
  readonly quantiles: readonly (readonly [number, number])[];
  readonly source: string;
}

export const LATENCIES = JSON.parse(
  readFileSync(new URL("latencies.json", import.meta.url), "utf8"),
) as Record<Hop, Distribution> & { readonly note: string };

/** Returns how long the next use of a hop takes, milliseconds. */
export type Latency = (hop: Hop) => number;

/** Always the median. So counts that depend on waiting times are the same in every run. */
export const medians: Latency = (hop) => quantile(LATENCIES[hop], 0.5);

/** Drawn from the distributions, the same sequence for the same seed. */
export function sampled(seed: number): Latency {
  const next = mulberry32(seed);
  return (hop) => quantile(LATENCIES[hop], next());
}

export function quantile({ quantiles }: Distribution, at: number): number {
  let [below, low] = quantiles[0] ?? [0, 0];
  for (const [above, high] of quantiles) {
    if (at <= above) {
      const part = above === below ? 1 : (at - below) / (above - below);
      return low * (high / low) ** part;
    }
    [below, low] = [above, high];
  }
  return low;
}

/** A small generator of uniform numbers in [0, 1). */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
