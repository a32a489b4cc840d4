/**
 * Plants each bug in turn, and searches until a checker catches it.
 *
 * `caught.json` says at which seed each one was caught last. CI runs that seed alone. If it does not catch the bug any more, which
 * any change of the engine or of the generator can cause, CI searches as the full search does. `--planted --record` writes it anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Planted } from "./plant.ts";
import { PLANTED } from "./planted.ts";
import { type AimedRun, aimedRun } from "./aim.ts";
import { search } from "./pool.ts";
import { run } from "./run.ts";

const FILE = new URL("caught.json", import.meta.url);

export interface Caught {
  readonly name: string;
  readonly within: number;
  readonly by: string;
  readonly seed: number | undefined;
}

export interface PlantedOptions {
  /** Those whose name contains it. */
  readonly only?: string;
  /** First at the seed at which it was caught before. */
  readonly recorded?: boolean;
  /** Which ones; by default all. */
  readonly among?: (planted: Planted) => boolean;
  /** What its recorded seed no longer catches is searched for no longer than so, in milliseconds of `performance.now`. */
  readonly deadlineMs?: number;
  readonly show: (line: string) => void;
}

/** The seeds at which bugs were caught, by their names. */
export const recordedSeeds = (): Readonly<Record<string, number>> =>
  JSON.parse(readFileSync(FILE, "utf8")) as Record<string, number>;

/** Of all bugs that are planted now. What was not tried keeps its seed. */
export function record(caught: readonly Caught[]): void {
  const known = new Map(Object.entries(recordedSeeds()));
  for (const { name, seed } of caught) if (seed !== undefined) known.set(name, seed);
  const seeds = PLANTED.flatMap(({ name }) => (known.has(name) ? [[name, known.get(name)] as const] : []));
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(seeds), undefined, 2)}\n`);
}

/** Returns what became of each one, in no order. */
export async function searchPlanted({
  only = "",
  recorded = false,
  among = () => true,
  deadlineMs,
  show,
}: PlantedOptions): Promise<Caught[]> {
  const waiting = PLANTED.filter((planted) => planted.name.includes(only) && among(planted));
  const seeds = recorded ? recordedSeeds() : {};
  const caught: Caught[] = [];
  const hunt = async (): Promise<void> => {
    for (let planted = waiting.shift(); planted; planted = waiting.shift()) {
      const found = await searchOne(planted, seeds[planted.name], deadlineMs);
      caught.push(found);
      const result =
        found.seed === undefined
          ? `NOT CAUGHT in ${found.within} seeds, by ${found.by}`
          : `${found.by} at seed ${found.seed} (of ${found.within})`;
      show(`  ${found.name.padEnd(82)} ${result}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, hunt));
  return caught;
}

async function searchOne(
  planted: Planted,
  known: number | undefined,
  deadlineMs: number | undefined,
): Promise<Caught> {
  const { name, within } = planted;
  try {
    const at = known === undefined ? undefined : await firstOf(planted, known, 1);
    const found = at ?? (await firstOf(planted, 1, within, deadlineMs));
    return found ? { name, within, ...found } : { name, within, by: "nothing", seed: undefined };
  } catch (error) {
    return { name, within, by: error instanceof Error ? error.message : String(error), seed: undefined };
  }
}

let lastRun: Promise<unknown> = Promise.resolve();
/**
 * Whether the run violates nothing. One at a time: a run takes the thread's `setImmediate` for itself, and two that run side by side
 * here disturb each other.
 */
async function holds(aimed: AimedRun): Promise<boolean> {
  const own = lastRun.then(() => run(aimed));
  lastRun = own.catch(() => undefined);
  const { violation } = await own;
  return violation === undefined;
}

/** A seed that also fails without the bug has caught something else. */
async function firstOf(
  { name, file, changes, aim }: Planted,
  first: number,
  count: number,
  deadlineMs?: number,
): Promise<{ readonly by: string; readonly seed: number } | undefined> {
  for (let from = first; from < first + count;) {
    const { failures } = await search({
      from,
      count: first + count - from,
      patch: { name, file, changes },
      aim,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      untilFailure: true,
      threads: 1,
    });
    const [failure] = failures;
    if (!failure) return undefined;
    const aimed = aimedRun(failure.seed, {}, aim);
    if (!aimed || (await holds(aimed))) return { by: failure.rule, seed: failure.seed };
    from = failure.seed + 1;
  }
  return undefined;
}
