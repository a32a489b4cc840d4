/**
 * Counts the files and functions of this package that one invocation enters, by V8's precise coverage.
 *
 * `npm run entered` prints the two workloads of docs/decisions/0013-one-house.md; with `--list` also each file and how
 * many of its functions were entered. The engine runs in this process (`perdure/testing`), so the local adapters are included.
 * What starting the engine enters is not counted.
 */
import { Session } from "node:inspector/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type * as api from "perdure";

// Before the modules are loaded: V8 counts only calls of functions that were compiled while it counts.
const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
const perdure = await import("perdure");
const { TestEnvironment } = await import("perdure/testing");

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const FOLDERS = /^(lib|sdk|runtime)\//;

const oneStep = perdure.service({
  name: "OneStep",
  handlers: { call: (ctx: api.Context) => ctx.run("step", () => "done") },
});

const getSetSleep = perdure.object({
  name: "GetSetSleep",
  handlers: {
    call: async (ctx: api.ObjectContext) => {
      const count = (await ctx.get<number>("count")) ?? 0;
      ctx.set("count", count + 1);
      await ctx.sleep({ milliseconds: 20 });
      return count;
    },
  },
});

/** How many functions were entered, by file. */
async function entered(call: () => Promise<unknown>): Promise<Map<string, number>> {
  // Taking the counts sets them to zero.
  await session.post("Profiler.takePreciseCoverage");
  await call();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const files = new Map<string, number>();
  for (const { url, functions } of result) {
    if (!url.startsWith("file:")) continue;
    const file = relative(ROOT, fileURLToPath(url));
    const count = functions.filter(
      ({ functionName, ranges: [range] }) => range && range.count > 0 && !isModule(functionName, range),
    ).length;
    if (FOLDERS.test(file) && count > 0) files.set(file, count);
  }
  return files;
}

/** V8 lists the body of a module as a function without a name that begins at 0. */
const isModule = (name: string, { startOffset }: { readonly startOffset: number }): boolean =>
  name === "" && startOffset === 0;

const environment = await TestEnvironment.start({ services: [oneStep, getSetSleep], alwaysReplay: true });

for (const path of ["OneStep/call", "GetSetSleep/a/call"]) {
  await environment.call(path);
  const files = await entered(() => environment.call(path));
  const functions = [...files.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${path}: ${files.size} files, ${functions} functions`);
  if (process.argv.includes("--list")) {
    for (const [file, count] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      console.log(`  ${String(count).padStart(4)} ${file}`);
  }
}
await environment.stop();
