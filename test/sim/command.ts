/** What the simulator's command line does. */
import { ci } from "./ci.ts";
import { type Options, parseOptions } from "./options.ts";
import { searchCrashes } from "./pool.ts";
import { UNCAUGHT } from "./planted-aims.ts";
import { record, searchPlanted } from "./planted-search.ts";
import { replay, searchSeeds } from "./report.ts";

/** Pairs of crashes are tried for programs with at most so many effects. */
const PAIRS_MAX = 30;

async function planted({ only, record: isRecorded, recorded }: Options): Promise<boolean> {
  const began = performance.now();
  const caught = await searchPlanted({
    ...(only === undefined ? {} : { only }),
    recorded,
    // Those that no seed catches are searched for by their names alone, or in full: it takes minutes each.
    ...(recorded && only === undefined ? { among: ({ name }) => !(name in UNCAUGHT) } : {}),
    show: console.log,
  });
  if (isRecorded) record(caught);
  const missed = caught.filter(({ seed }) => seed === undefined);
  console.log(
    `${caught.length} planted bugs, ${caught.length - missed.length} caught, ${missed.length} missed, in ${((performance.now() - began) / 1000).toFixed(0)} s`,
  );
  return missed.length === 0;
}

async function crashes(pairsMax: number): Promise<boolean> {
  const reports = await searchCrashes(pairsMax, ({ name, effects, runs, pairs, failures }) => {
    const result =
      failures.length === 0 ? "same outcome" : `${failures.length} FAILED: ${failures[0]?.slice(0, 500)}`;
    console.log(
      `  ${name.padEnd(50)} ${String(effects).padStart(4)} effects, ${String(runs).padStart(6)} crashes${pairs ? " (pairs too)" : ""}: ${result}`,
    );
  });
  const [runs, failed] = [
    reports.reduce((sum, report) => sum + report.runs, 0),
    reports.filter(({ failures }) => failures.length > 0).length,
  ];
  console.log(`${reports.length} programs, ${runs} crashes tried, ${failed} programs failed`);
  return failed === 0;
}

export async function command(): Promise<boolean> {
  const options = parseOptions(process.argv.slice(2));
  switch (options.mode) {
    case "replay":
      return await replay(options);
    case "seeds":
      return await searchSeeds(options);
    case "planted":
      return await planted(options);
    case "crashes":
      return await crashes(PAIRS_MAX);
    case "stores":
      // Only now: it loads the AWS SDK.
      return await (await import("./differential.ts")).differential(options.from, options.seeds);
    case "ci":
      return await ci();
  }
}
