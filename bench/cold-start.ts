/**
 * What a function loads before its first event: the size of its bundle, and how long a fresh process imports it.
 *
 * The same one-handler function runs on Perdure's SDK, on Restate's, and on AWS's for durable functions. All three are
 * bundled alike (esbuild, ESM, minified), once with the AWS SDK in the bundle and once without. What is left out is then
 * found in node_modules, as Lambda's runtime provides it. The three take turns, many times.
 *
 * `ready` is what a function pays before its first answer: the import, and what it loads at its first event. AWS's SDK
 * for durable functions loads its Lambda client only then.
 *
 * A call that finds nothing warm begins several functions of Perdure's, one after the other: so they are measured as they are
 * deployed, and summed.
 */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build, type BuildOptions } from "esbuild";
import { runtimeBundle } from "../infra/bundle.ts";
import { peerFile } from "./peers/install.ts";
import type { Bench, BenchContext, Result } from "./report/bench.ts";
import { medianOf } from "./report/statistics.ts";

const HERE = fileURLToPath(new URL("cold-start/", import.meta.url));
const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** Within the repository, so that what is not bundled is found. */
const OUT = fileURLToPath(new URL("results/cold-start/", import.meta.url));
const ROUNDS = 15;

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

interface Imported {
  readonly importMs: number;
  readonly readyMs: number;
  /** Of all threads until it is ready: it depends less on what else the machine does. */
  readonly cpuMs: number;
}

/** In a fresh process; milliseconds. */
async function importOnce(file: string, name: string): Promise<Imported> {
  const script = `
    const [startMs, usage] = [performance.now(), process.cpuUsage()];
    const { ready } = await import(${JSON.stringify(file)});
    const importMs = performance.now() - startMs;
    await ready?.();
    const readyMs = performance.now() - startMs;
    const { user, system } = process.cpuUsage(usage);
    process.stdout.write("\\n" + JSON.stringify({ importMs, cpuMs: (user + system) / 1000, readyMs }));`;
  const args = ["--input-type=module", "-e", script];
  const env = { ...process.env, AWS_REGION: "us-east-1", RESTATE_LOGGING: "ERROR" };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  const line = stdout.trim().split("\n").at(-1);
  if (line === undefined) throw new Error(`${name} printed nothing`);
  return JSON.parse(line) as Imported;
}

async function measure({ progress }: BenchContext, bundles: readonly Bundled[]) {
  const measured = bundles.map((bundled) => ({ ...bundled, imported: [] as Imported[] }));
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 5 === 0) progress(`round ${round + 1} of ${ROUNDS}`);
    for (const { file, sdk, imported } of measured) imported.push(await importOnce(file, NAMES[sdk]));
  }
  return measured;
}

const leastOf = (imported: readonly Imported[], of: (each: Imported) => number): number =>
  Math.min(...imported.map(of));

// --- a call from cold ----------------------------------------------------------------------------------------------

/** The functions of the runtime's that a call meets, as they are deployed; and what others would load in their place. */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  "a call that runs at the door": ["ingress", "handler"],
  "a call by the queue": ["ingress", "dispatcher", "handler"],
  "Restate: its server is warm": ["restate"],
  "durable functions": ["durable"],
};

interface Deployed {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  readonly imported: Imported[];
}

async function measureDeployed({ progress }: BenchContext, peers: readonly Bundled[]) {
  const parts = ["ingress", "dispatcher", "timers"].map((part): Deployed => {
    const code = runtimeBundle(part);
    const file = `${OUT}${part}.mjs`;
    writeFileSync(file, code);
    return { name: part, file, bytes: code.byteLength, imported: [] };
  });
  const others = peers.map(({ sdk, file, bytes }): Deployed => ({
    name: sdk === "perdure" ? "handler" : sdk,
    ...{ file, bytes, imported: [] },
  }));
  const all = [...parts, ...others];
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 5 === 0) progress(`as deployed: round ${round + 1} of ${ROUNDS}`);
    for (const { file, name, imported } of all) imported.push(await importOnce(file, name));
  }
  return all;
}

function deployedTable(all: readonly Deployed[]) {
  const figures = (of: readonly Deployed[]) => {
    const sums = Array.from({ length: ROUNDS }, (_, round) => of.map(({ imported }) => imported[round]));
    const medianSum = (value: (each: Imported) => number): number =>
      medianOf(sums.map((each) => each.reduce((sum, one) => sum + (one ? value(one) : Number.NaN), 0)));
    const bytes = of.reduce((sum, each) => sum + each.bytes, 0);
    const least = of.reduce((sum, { imported }) => sum + leastOf(imported, ({ readyMs }) => readyMs), 0);
    return [bytes, least, medianSum(({ cpuMs }) => cpuMs)];
  };
  const rows = [
    ...all.map((each) => [each.name, ...figures([each])]),
    ...Object.entries(PATHS).map(([path, names]) => [
      path,
      ...figures(all.filter(({ name }) => names.includes(name))),
    ]),
  ];
  return {
    id: "cold-path",
    title: "A call that finds nothing warm",
    columns: ["function", "bundle bytes", "ready ms, least", "CPU ms, median"],
    rows,
    notes: [
      `Of ${ROUNDS} fresh processes each, taking turns. Sums are of functions that start one after the other. The AWS SDK from the runtime.`,
      "Without what Lambda needs to start an environment, which each of them pays as well.",
    ],
  };
}

async function run(context: BenchContext): Promise<Result> {
  mkdirSync(OUT, { recursive: true });
  const bundles: Bundled[] = [];
  for (const awsSdk of [true, false]) for (const sdk of SDKS) bundles.push(await bundle(sdk, awsSdk));
  const measured = await measure(context, bundles);
  const deployed = await measureDeployed(
    context,
    bundles.filter(({ awsSdk }) => !awsSdk),
  );
  rmSync(OUT, { recursive: true });
  const rows = measured.map(({ sdk, awsSdk, bytes, gzipped, imported }) => {
    const peers = measured.filter((other) => other.awsSdk === awsSdk && other.sdk !== "perdure");
    const ratios = imported.map(({ cpuMs }, round) => {
      const theirs = peers.map((peer) => peer.imported[round]?.cpuMs ?? Number.NaN);
      return cpuMs / Math.min(...theirs);
    });
    return [
      NAMES[sdk],
      awsSdk ? "bundled" : "from the runtime",
      bytes,
      gzipped,
      leastOf(imported, ({ importMs }) => importMs),
      leastOf(imported, ({ readyMs }) => readyMs),
      medianOf(imported.map(({ cpuMs }) => cpuMs)),
      sdk === "perdure" ? medianOf(ratios) : null,
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
      "import ms, least",
      "ready ms, least",
      "CPU ms, median",
      "CPU, ours/faster peer",
    ],
    rows,
    notes: [
      `Of ${ROUNDS} fresh processes each, taking turns; ratios within a round. CPU: of all threads until ready.`,
      "Ready: with what is loaded at the first event: of ours nothing, of durable functions the AWS SDK's Lambda client. Restate's needs none, since its server keeps the journal.",
    ],
  };
  // Without the bundles' paths, which belong to this machine.
  const withoutFile = ({ file: _file, ...rest }: { readonly file: string }): object => rest;
  return {
    tables: [table, deployedTable(deployed)],
    data: { sdks: measured.map(withoutFile), deployed: deployed.map(withoutFile) },
  };
}

export const coldStart: Bench = {
  name: "cold-start",
  question: "How long does a function load before its first event?",
  needsPeers: true,
  run,
};
