/** The bounded run for every change: about two minutes on two cores. Its last line is `N passed, N failed`. */
import { readFileSync } from "node:fs";
import { type Aim, aimedRun } from "./aim.ts";
import { UNCAUGHT } from "./planted-aims.ts";
import { searchPlanted } from "./planted-search.ts";
import { type Search, search, searchCrashes } from "./pool.ts";
import { run } from "./run.ts";

const SEEDS = 2000;
const SEEDS_MS = 40_000;
/** Runs in which services move between mailboxes (docs/decisions/0023). */
const MOVES_SEEDS = 300;
/** Runs whose guards wait in a table (docs/decisions/0056). */
const GUARD_TABLE_SEEDS = 300;
/** Runs with event sources (docs/decisions/0042). */
const SOURCES_SEEDS = 300;
const SOURCES: Aim = { workload: "sources" };
const SAME_SEEDS = 60;
/** Planted bugs whose recorded seeds do not catch them any more are searched for no longer than this. */
const PLANTED_MS = 240_000;
const PAIRS_MAX = 14;

const NO_FAULTS = { none: true } as const;

type Note = (name: string, passed: boolean, detail?: string) => void;

export async function ci(): Promise<boolean> {
  const started = performance.now();
  const results: { readonly name: string; readonly passed: boolean }[] = [];
  const note: Note = (name, passed, detail = "") => {
    results.push({ name, passed });
    console.log(`${passed ? "ok    " : "FAILED"} ${name}${detail === "" ? "" : `: ${detail}`}`);
  };

  await keptAgain(note);
  const found = await search({ from: 1, count: SEEDS, deadlineMs: performance.now() + SEEDS_MS });
  const { runs, seconds, failures } = found;
  const open = new Map(seedsIn("open-seeds.txt").map(({ seed, why }) => [seed, why]));
  for (const { seed, message } of failures) {
    const why = open.get(seed);
    if (why === undefined)
      note(`seed ${seed}`, false, `${message.slice(0, 300)}; replay: npm run sim -- --seed ${seed}`);
    else console.log(`open   seed ${seed}: ${why}`);
  }
  const unexpected = failures.filter(({ seed }) => !open.has(seed));
  note(`${runs} seeds, ${(runs / seconds).toFixed(0)} a second`, unexpected.length === 0);
  await searchAll(note, "--moves", "services that move", {
    from: 1,
    count: MOVES_SEEDS,
    aim: { moves: true },
  });
  await searchAll(note, "--guard-table", "guards in a table", {
    from: 1,
    count: GUARD_TABLE_SEEDS,
    aim: { guardTable: true },
  });
  await searchAll(note, "--sources", "event sources", { from: 1, count: SOURCES_SEEDS, aim: SOURCES });
  for (const aim of [undefined, SOURCES]) {
    const same = await search({ from: 1, count: SAME_SEEDS, twice: true, aim });
    const name = `${same.runs} seeds${aim ? " with event sources" : ""} twice, the same trace`;
    note(name, !same.failures.some(({ rule }) => rule === "SAME"));
  }
  for (const { name, effects, runs: crashes, failures: failed } of await searchCrashes(
    PAIRS_MAX,
    () => undefined,
  )) {
    note(
      `crash points of ${name} (${effects} effects, ${crashes} crashes)`,
      failed.length === 0,
      failed[0]?.slice(0, 300),
    );
  }
  for (const [bug, why] of Object.entries(UNCAUGHT)) console.log(`open   planted: ${bug}: ${why}`);
  for (const { name, by, seed, within } of await searchPlanted({
    show: () => undefined,
    recorded: true,
    among: (planted) => !(planted.name in UNCAUGHT),
    deadlineMs: performance.now() + PLANTED_MS,
  })) {
    note(
      `planted: ${name}`,
      seed !== undefined,
      seed === undefined
        ? `${by}: not caught in ${within} seeds, or not in time: npm run sim -- --planted --recorded --record --only "${name}"`
        : `${by} at seed ${seed}`,
    );
  }
  const passed = results.filter((result) => result.passed).length;
  console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`);
  console.log(`${passed} passed, ${results.length - passed} failed`);
  return passed === results.length;
}

/** Seeds that failed once. */
async function keptAgain(note: Note): Promise<void> {
  for (const { seed, why, aim, plan } of seedsIn("seeds.txt")) {
    const name = `kept seed ${aim ? "--sources " : ""}${plan ? "--no-faults " : ""}${seed} (${why})`;
    const aimed = aimedRun(seed, plan ?? {}, aim) ?? { seed };
    const { violation } = await run({ ...aimed, directTimers: false });
    // Most of them are older than the timers' function.
    const direct = await run({ ...aimed, directTimers: true });
    const isHeld = violation === undefined && direct.violation === undefined;
    const how = violation ? "" : "--direct-timers: ";
    note(name, isHeld, isHeld ? "" : `${how}${(violation ?? direct.violation)?.message.slice(0, 300)}`);
  }
}

/** Runs of one kind. `flag`: how they are replayed. */
async function searchAll(note: Note, flag: string, what: string, asked: Search): Promise<void> {
  const { runs, failures } = await search(asked);
  for (const { seed, message } of failures)
    note(`seed ${seed}`, false, `${message.slice(0, 300)}; replay: npm run sim -- ${flag} --seed ${seed}`);
  note(`${runs} seeds with ${what}`, failures.length === 0);
}

interface SeedLine {
  readonly seed: number;
  readonly why: string;
  readonly aim?: Aim;
  readonly plan?: { readonly none: true };
}

/** Lines of a file beside this one: a seed, then why it stands there. Before it `sources`: of the runs with `--sources`; `no-faults`: of
 * those with `--no-faults`. */
function seedsIn(file: string): SeedLine[] {
  return readFileSync(new URL(file, import.meta.url), "utf8")
    .split("\n")
    .flatMap((line): SeedLine[] => {
      const [, of, seed, why = ""] = /^(sources |no-faults )?(\d+) ?(.*)$/u.exec(line) ?? [];
      if (seed === undefined) return [];
      const kind = of === "sources " ? { aim: SOURCES } : of === undefined ? {} : { plan: NO_FAULTS };
      return [{ seed: Number(seed), why: why.trim(), ...kind }];
    });
}
