/** Each example's test, crashed at each request, in many orders, and its journals replayed. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { everyCrashPoint, explore, replay, TestEnvironment } from "perdure/testing";
import type { Example } from "./example.ts";

const FOLDER = join(import.meta.dirname, "examples");

export interface ExampleRow {
  /** `02-bank-account` */
  readonly name: string;
  readonly points: number;
  /** Runs with one fault each, and without any. */
  readonly runs: number;
  readonly seeds: number;
  /** Faults that struck in them. */
  readonly faults: number;
  /** Journals that the same code replays. */
  readonly replays: number;
  readonly cpuMs: number;
  /** What a tool has found. */
  readonly failure?: string;
}

export async function exampleRows(seeds: number, told: (row: ExampleRow) => void): Promise<void> {
  const files = readdirSync(FOLDER).toSorted();
  for (const file of files) {
    const { example } = (await import(join(FOLDER, file))) as { readonly example: Example };
    told(await rowOf(file.slice(0, -".ts".length), example, seeds));
  }
}

async function rowOf(name: string, example: Example, seeds: number): Promise<ExampleRow> {
  const { services, options = {}, test, compare = "all" } = example;
  const run = async (): Promise<unknown> => {
    await using environment = await TestEnvironment.start({ services, ...options });
    return await test(environment);
  };
  const before = process.cpuUsage();
  const cpuMs = (): number => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  const none = { name, points: 0, runs: 0, seeds: 0, faults: 0, replays: 0 };
  try {
    const { points, runs } = await everyCrashPoint(run, { compare });
    const { faults } = await explore(run, { runs: seeds });
    const replays = await replayed(example);
    return { name, points, runs, seeds, faults, replays, cpuMs: cpuMs() };
  } catch (error) {
    return { ...none, cpuMs: cpuMs(), failure: error instanceof Error ? error.message : String(error) };
  }
}

async function replayed({ services, options = {}, test }: Example): Promise<number> {
  await using environment = await TestEnvironment.start({ services, ...options, time: "auto" });
  await test(environment);
  await environment.settled();
  const invocations = await environment.invocations();
  const journals = await Promise.all(invocations.map((each) => each.recorded()));
  const answers = await replay(journals, { services });
  const misfit = answers.find(({ fits }) => !fits);
  if (misfit) throw new Error(`${misfit.target} does not fit its own journal: ${misfit.reason ?? ""}`);
  return answers.length;
}
