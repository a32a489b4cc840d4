/** The CDK's own command line, for the stack that is verified. It and the construct library are the user's, or of this package's folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, extname, join } from "node:path";
import { CommandError } from "../exit.ts";
import { OUTPUTS, type Outputs, type Variant, VERIFY_VARIABLES } from "./stack/variables.ts";

export interface CdkRun {
  readonly ok: boolean;
  readonly text: string;
}

export interface StackSettings {
  readonly build?: number;
  readonly variant?: Variant;
  readonly tables?: readonly string[];
}

/** Deploys and destroys one stack. A test passes a fake. */
export interface StackTool {
  bootstrap(account: string): Promise<CdkRun>;
  deploy(settings: StackSettings): Promise<CdkRun & { readonly outputs?: Outputs }>;
  destroy(): Promise<CdkRun>;
  /** Deploys no more. */
  stop(): void;
  /** Until none of its runs goes on. */
  settled(): Promise<void>;
  close(): void;
}

const CLI = "aws-cdk/package.json";
const NEEDED = [CLI, "aws-cdk-lib/package.json", "constructs/package.json"] as const;
const QUIET = ["--no-notices", "--no-version-reporting", "--no-color"] as const;
const EXTENSION = extname(import.meta.filename);

/** The path of a package's file, from the current folder or else from this package's. */
function found(specifier: string): string | undefined {
  for (const from of [join(process.cwd(), "package.json"), import.meta.filename]) {
    try {
      return createRequire(from).resolve(specifier);
    } catch {
      // The next one.
    }
  }
  return undefined;
}

/** Throws {@link CommandError} that says what to install. */
export function requireCdk(): string {
  const missing = NEEDED.filter((specifier) => found(specifier) === undefined).map(
    (specifier) => specifier.split("/")[0] ?? "",
  );
  const cli = found(CLI);
  if (missing.length === 0 && cli !== undefined) return join(dirname(cli), "bin", "cdk");
  const install = `npm install --save-dev perdure ${missing.join(" ")}`;
  throw new CommandError(
    `verify-aws deploys with the CDK. Here it does not find ${missing.join(", ")}. Run: ${install}`,
  );
}

export interface CdkOptions {
  readonly cli: string;
  readonly stack: string;
  readonly region: string;
  readonly account: string;
  readonly dispatchers: number;
  readonly endpoint: string | undefined;
  readonly log: (line: string) => void;
}

export function openCdk(options: CdkOptions): StackTool {
  const folder = mkdtempSync(join(tmpdir(), "perdure-verify-"));
  const running = new Set<ChildProcess>();
  let stopped = false;
  const outputsFile = join(folder, "outputs.json");
  const run = (args: readonly string[], settings: StackSettings = {}): Promise<CdkRun> =>
    runCdk(options, folder, running, args, settings);
  return {
    bootstrap: (account) => run(["bootstrap", `aws://${account}/${options.region}`]),
    deploy: async (settings) => {
      if (stopped) return { ok: false, text: "interrupted" };
      const args = ["deploy", options.stack, "--require-approval", "never", "--outputs-file", outputsFile];
      const done = await run(args, settings);
      return done.ok ? { ...done, outputs: outputsIn(outputsFile, options.stack) } : done;
    },
    destroy: () => run(["destroy", options.stack, "--force"]),
    stop: () => {
      stopped = true;
    },
    settled: async () => {
      await Promise.all([...running].map((child) => new Promise((resolve) => child.once("close", resolve))));
    },
    close: () => {
      for (const child of running) child.kill("SIGTERM");
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function runCdk(
  { cli, region, account, endpoint, dispatchers, stack, log }: CdkOptions,
  folder: string,
  running: Set<ChildProcess>,
  args: readonly string[],
  { build = 1, variant = "plain", tables }: StackSettings,
): Promise<CdkRun> {
  const conditions = EXTENSION === ".ts" ? " --conditions=perdure-source" : "";
  const main = join(import.meta.dirname, "stack", `app${EXTENSION}`);
  // The CDK takes away quotes around the whole, so the command begins without one. `node` is this one, by PATH below.
  const app = ["--app", `node${conditions} "${main}"`, "--output", join(folder, "cdk.out")];
  const progress = ["--progress", "events"];
  const isBootstrap = args[0] === "bootstrap";
  const more = [...(isBootstrap ? [] : [...app, ...(args[0] === "deploy" ? progress : [])]), ...QUIET];
  const child = spawn(process.execPath, [cli, ...args, ...more], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    // Ctrl-C goes to this process alone: a deployment that is under way ends, and then its stack is destroyed.
    detached: true,
    env: {
      ...process.env,
      PATH: [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
      ...{ CI: "1", AWS_REGION: region, CDK_DEFAULT_REGION: region, CDK_DEFAULT_ACCOUNT: account },
      // S3's client puts the bucket before a name, and not before a numeric address.
      ...(endpoint === undefined
        ? {}
        : { AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_S3: endpoint.replace("127.0.0.1", "localhost") }),
      [VERIFY_VARIABLES.stack]: stack,
      [VERIFY_VARIABLES.build]: String(build),
      [VERIFY_VARIABLES.variant]: variant,
      [VERIFY_VARIABLES.dispatchers]: String(dispatchers),
      ...(tables === undefined ? {} : { [VERIFY_VARIABLES.tables]: tables.join(",") }),
    },
  });
  running.add(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      for (const line of part.split("\n")) log(line);
    });
  }
  const code = await new Promise((resolve) => child.once("close", resolve));
  running.delete(child);
  return { ok: code === 0, text };
}

function outputsIn(file: string, stack: string): Outputs {
  const all = JSON.parse(readFileSync(file, "utf8")) as Record<string, Record<string, string>>;
  const outputs = all[stack] ?? {};
  const missing = OUTPUTS.filter((name) => outputs[name] === undefined);
  if (missing.length > 0) throw new Error(`the stack has no output ${missing.join(", ")}`);
  return outputs as Outputs;
}
