/** Plants each bug in turn, and searches until a checker catches it. */
import { availableParallelism } from "node:os";
import { PLANTED, type Planted } from "./planted.ts";
import { search } from "./pool.ts";

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

/** Answers what became of each. Throws for one that cannot be planted. */
export async function searchPlanted({ only = "", quick = false, show }: PlantedOptions): Promise<Caught[]> {
  const waiting = PLANTED.filter(({ name, within }) => name.includes(only) && (!quick || within <= QUICK));
  const caught: Caught[] = [];
  const hunt = async (): Promise<void> => {
    for (let planted = waiting.shift(); planted; planted = waiting.shift()) {
      const found = await searchOne(planted);
      caught.push(found);
      const result = found.seed === undefined ? `NOT CAUGHT in ${found.within} seeds` : `${found.by} at seed ${found.seed} (of ${found.within})`;
      show(`  ${found.name.padEnd(82)} ${result}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, hunt));
  return caught;
}

async function searchOne({ name, within, file, changes }: Planted): Promise<Caught> {
  const { failures } = await search({ from: 1, count: within, patch: { name, file, changes }, untilFailure: true, threads: 1 });
  const [first] = failures;
  return { name, within, by: first?.rule ?? "", seed: first?.seed };
}
