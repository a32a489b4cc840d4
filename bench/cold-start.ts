/**
 * What a function loads before its first event: the size of its bundle, and how long a fresh process imports it.
 *
 * The same one-handler function runs on Perdure's SDK, on Restate's, and on AWS's for durable functions. All three are
 * bundled alike (esbuild, ESM, minified), once with the AWS SDK in the bundle and once without. What is left out is then
 * found in node_modules, as Lambda's runtime provides it. The three take turns, many times.
 *
 * `ready` is what a function pays before its first answer: the import, and what it loads at its first event. AWS's SDK
 * for durable functions loads its Lambda client only then.
 */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build, type BuildOptions } from "esbuild";
import { peerFile } from "./peers/install.ts";
import type { Bench, BenchContext, Result } from "./report/bench.ts";
import { medianOf } from "./report/statistics.ts";

const HERE = fileURLToPath(new URL("cold-start/", import.meta.url));
const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** Within the repository, so that what is not bundled is found. */
const OUT = fileURLToPath(new URL("results/cold-start/", import.meta.url));
const ROUNDS = 25;

const SDKS = ["perdure", "restate", "durable"] as const;
type Sdk = (typeof SDKS)[number];
const NAMES: Record<Sdk, string> = {
  perdure: "perdure/lambda",
  restate: "@restatedev/restate-sdk/lambda",
  durable: "@aws/durable-execution-sdk-js",
};

interface Bundled {
  readonly sdk: Sdk;
  readonly awsSdk: boolean;
  readonly file: string;
  readonly bytes: number;
  readonly gzipped: number;
}

async function bundle(sdk: Sdk, awsSdk: boolean): Promise<Bundled> {
  const file = `${OUT}${sdk}-${awsSdk ? "with" : "without"}-aws.mjs`;
  const options: BuildOptions = {
    entryPoints: [`${HERE}${sdk}.${sdk === "durable" ? "js" : "ts"}`],
    outfile: file,
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node24",
    // Of packages that have both ESM and CommonJS, take ESM.
    mainFields: ["module", "main"],
    logLevel: "error",
    external: awsSdk ? [] : ["@aws-sdk/*"],
    nodePaths: [`${ROOT}bench/peers/node_modules`],
    alias: aliases(sdk),
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  };
  await build(options);
  const content = readFileSync(file);
  return { sdk, awsSdk, file, bytes: content.byteLength, gzipped: gzipSync(content).byteLength };
}

const aliases = (sdk: Sdk): Record<string, string> =>
  sdk === "restate"
    ? { "perdure/restate/lambda": peerFile("@restatedev/restate-sdk/lambda").replace(/\.cjs$/, ".js") }
    : { perdure: `${ROOT}sdk/index.ts`, "perdure/lambda": `${ROOT}sdk/lambda.ts` };

/** In a fresh process; milliseconds. */
async function importOnce({
  file,
  sdk,
}: Bundled): Promise<{ readonly importMs: number; readonly readyMs: number }> {
  const script = `
    const startMs = performance.now();
    const { ready } = await import(${JSON.stringify(file)});
    const importMs = performance.now() - startMs;
    await ready?.();
    process.stdout.write("\\n" + JSON.stringify({ importMs, readyMs: performance.now() - startMs }));`;
  const args = ["--input-type=module", "-e", script];
  const env = { ...process.env, AWS_REGION: "us-east-1", RESTATE_LOGGING: "ERROR" };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  const line = stdout.trim().split("\n").at(-1);
  if (line === undefined) throw new Error(`${NAMES[sdk]} printed nothing`);
  return JSON.parse(line) as { importMs: number; readyMs: number };
}

async function measure({ progress }: BenchContext, bundles: readonly Bundled[]) {
  const times = bundles.map(() => ({ importMs: [] as number[], readyMs: [] as number[] }));
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 5 === 0) progress(`round ${round + 1} of ${ROUNDS}`);
    for (const [index, bundled] of bundles.entries()) {
      const { importMs, readyMs } = await importOnce(bundled);
      times[index]?.importMs.push(importMs);
      times[index]?.readyMs.push(readyMs);
    }
  }
  return bundles.map((bundled, index) => ({
    ...bundled,
    ...(times[index] ?? { importMs: [], readyMs: [] }),
  }));
}

async function run(context: BenchContext): Promise<Result> {
  mkdirSync(OUT, { recursive: true });
  const bundles: Bundled[] = [];
  for (const awsSdk of [true, false]) for (const sdk of SDKS) bundles.push(await bundle(sdk, awsSdk));
  const measured = await measure(context, bundles);
  rmSync(OUT, { recursive: true });
  const rows = measured.map(({ sdk, awsSdk, bytes, gzipped, importMs, readyMs }) => {
    const peers = measured.filter((other) => other.awsSdk === awsSdk && other.sdk !== "perdure");
    const ratioTo = (
      own: readonly number[],
      of: (peer: (typeof measured)[number]) => readonly number[],
    ): number =>
      medianOf(own.map((ms, round) => ms / Math.min(...peers.map((peer) => of(peer)[round] ?? Number.NaN))));
    const isOurs = sdk === "perdure";
    return [
      NAMES[sdk],
      awsSdk ? "bundled" : "from the runtime",
      bytes,
      gzipped,
      medianOf(importMs),
      `${Math.min(...importMs).toFixed(1)} – ${Math.max(...importMs).toFixed(1)}`,
      medianOf(readyMs),
      isOurs ? ratioTo(importMs, (peer) => peer.importMs) : null,
      isOurs ? ratioTo(readyMs, (peer) => peer.readyMs) : null,
    ];
  });
  const table = {
    id: "cold-start",
    title: "Loading a function with one handler",
    columns: [
      "SDK",
      "AWS SDK",
      "bundle bytes",
      "gzipped",
      "import ms",
      "least to most",
      "ready ms",
      "import, ours/faster peer",
      "ready, ours/faster peer",
    ],
    rows,
    notes: [
      `Medians of ${ROUNDS} fresh processes each, taking turns; ratios within a round.`,
      "Ready: with what is loaded at the first event: of ours Node's HTTPS client, of durable functions the AWS SDK's Lambda client. Restate's needs none, since its server keeps the journal.",
    ],
  };
  // Without the bundles' paths, which belong to this machine.
  return { tables: [table], data: measured.map(({ file: _file, ...rest }) => rest) };
}

export const coldStart: Bench = {
  name: "cold-start",
  question: "How long does a function load before its first event?",
  needsPeers: true,
  run,
};
