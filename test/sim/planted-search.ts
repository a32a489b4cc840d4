/** Plants each bug in turn, and searches until a checker catches it. */
import { availableParallelism } from "node:os";
import { PLANTED, type Planted } from "./planted.ts";
import { search } from "./pool.ts";
import { run } from "./run.ts";

const QUICK = 1000;

export interface Caught {
  readonly name: string;
  readonly within: number;
  readonly by: string;
  readonly seed: number | undefined;
}

export interface PlantedOptions {
  /** Those whose name contains it. */
  readonly only?: string;
  /** Without those that take long to catch. */
  readonly quick?: boolean;
  readonly show: (line: string) => void;
}

/** Returns what became of each one. Throws for one that cannot be planted. */
export async function searchPlanted({ only = "", quick = false, show }: PlantedOptions): Promise<Caught[]> {
  const waiting = PLANTED.filter(({ name, within }) => name.includes(only) && (!quick || within <= QUICK));
  const caught: Caught[] = [];
  const hunt = async (): Promise<void> => {
    for (let planted = waiting.shift(); planted; planted = waiting.shift()) {
      const found = await searchOne(planted);
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

/** A seed that also fails without the bug has caught something else. */
async function searchOne({ name, within, file, changes }: Planted): Promise<Caught> {
  try {
    for (let from = 1; from <= within;) {
      const count = within + 1 - from;
      const { failures } = await search({
        from,
        count,
        patch: { name, file, changes },
        untilFailure: true,
        threads: 1,
      });
      const [first] = failures;
      if (!first) break;
      const { violation } = await run({ seed: first.seed });
      if (violation === undefined) return { name, within, by: first.rule, seed: first.seed };
      from = first.seed + 1;
    }
    return { name, within, by: "nothing", seed: undefined };
  } catch (error) {
    return { name, within, by: error instanceof Error ? error.message : String(error), seed: undefined };
  }
}
