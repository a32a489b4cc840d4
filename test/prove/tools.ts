/** The tools of a test, each asked whether it finds a mistake. */
import {
  CrashPointError,
  everyCrashPoint,
  explore,
  ExploreError,
  replay,
  TestEnvironment,
} from "perdure/testing";
import { setTimeout as delay } from "node:timers/promises";
import { FAULTS } from "../../sdk/testing/faults/fault.ts";
import type { Made, Mistake, Tool } from "./mistake.ts";

export interface Finding {
  readonly isFound: boolean;
  /** Runs of the test until then, or all of them. */
  readonly runs: number;
  readonly cpuMs: number;
  /** What the tool says of it. */
  readonly says: string;
}

/** The tools that run the code. `types` and `lint` read it (source-findings.ts). */
export type RunTool = Exclude<Tool, "types" | "lint">;
export const RUN_TOOLS = [
  "test",
  "check",
  "strict",
  "crash",
  "explore",
  "replay",
] as const satisfies readonly RunTool[];

/** How an environment looks at handlers: not at all, by default, and strictly. */
const PLAIN = { time: "auto", determinism: "off" } as const;
const CHECKED = { time: "auto", determinism: "replay" } as const;
const STRICT = { time: "auto", determinism: "strict" } as const;

/** A test that has not ended by then hangs. Real time. */
const TEST_MS_MAX = 1500;
/** In the same millisecond a clock says the same. */
const LATER_MS = 3;

type Asked = Omit<Finding, "cpuMs">;

/** `runs`: of `explore`. */
export async function ask(
  tool: RunTool,
  mistake: Mistake,
  isPlanted: boolean,
  runs: number,
): Promise<Finding> {
  const before = process.cpuUsage();
  const asked = await ASK[tool](mistake, isPlanted, runs);
  const { user, system } = process.cpuUsage(before);
  return { ...asked, cpuMs: (user + system) / 1000 };
}

const ASK: Readonly<Record<RunTool, (mistake: Mistake, isPlanted: boolean, runs: number) => Promise<Asked>>> =
  {
    test: async (mistake, isPlanted) => await once(mistake.make(isPlanted), PLAIN),
    check: async (mistake, isPlanted) => await once(mistake.make(isPlanted), CHECKED),
    strict: async (mistake, isPlanted) => await once(mistake.make(isPlanted), STRICT),

    crash: async (mistake, isPlanted) => {
      const run = (): Promise<unknown> => tested(mistake.make(isPlanted), {});
      try {
        const report = await everyCrashPoint(run, {
          compare: mistake.isConcurrent === true ? "returned" : "all",
        });
        return { isFound: false, runs: report.runs, says: `${report.points} points` };
      } catch (error) {
        return { isFound: true, runs: runsUntil(error), says: text(error) };
      }
    },

    explore: async (mistake, isPlanted, runs) => {
      try {
        const report = await explore(() => tested(mistake.make(isPlanted), {}), { runs });
        return { isFound: false, runs: report.runs, says: `${report.faults} faults` };
      } catch (error) {
        return { isFound: true, runs: error instanceof ExploreError ? error.runs : 1, says: text(error) };
      }
    },

    replay: async (mistake, isPlanted) => {
      const journals = await recorded(mistake.before?.() ?? mistake.make(isPlanted));
      await delay(LATER_MS);
      const answers = await replay(journals, { services: mistake.make(isPlanted).services });
      const misfit = answers.find(({ fits }) => !fits);
      return { isFound: misfit !== undefined, runs: 1, says: misfit?.reason ?? `${answers.length} fit` };
    },
  };

/** Two runs without a fault, and then each fault at each request. */
function runsUntil(error: unknown): number {
  const [first] = error instanceof CrashPointError ? error.failures : [];
  return first ? 2 + first.request * FAULTS.length + FAULTS.indexOf(first.fault) + 1 : 2;
}

async function tested({ test, ...served }: Made, options: object): Promise<unknown> {
  await using environment = await TestEnvironment.start({ ...served, ...options });
  return await test(environment);
}

async function once({ test, ...served }: Made, options: object): Promise<Asked> {
  const environment = await TestEnvironment.start({ ...served, ...options });
  const run = async (): Promise<void> => {
    await test(environment);
    // What is suspended still is looked at now.
    await environment.stop();
  };
  const asked = await ended(run());
  await environment.stop().catch(() => undefined);
  return asked;
}

async function ended(test: Promise<unknown>): Promise<Asked> {
  const over = new AbortController();
  const tooLate = delay(TEST_MS_MAX, undefined, { signal: over.signal }).then(() => {
    throw new Error(`the test has not ended after ${TEST_MS_MAX} ms`);
  });
  try {
    await Promise.race([test, tooLate]);
    return { isFound: false, runs: 1, says: "" };
  } catch (error) {
    return { isFound: true, runs: 1, says: text(error) };
  } finally {
    over.abort();
  }
}

/** The journals of all invocations of a test, however it ends. */
async function recorded({ test, ...served }: Made): Promise<readonly string[]> {
  await using environment = await TestEnvironment.start({ ...served, ...PLAIN });
  await ended(test(environment));
  const invocations = await environment.invocations();
  return (await Promise.all(invocations.map((each) => each.recorded().catch(() => "")))).filter(
    (line) => line !== "",
  );
}

const text = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);
