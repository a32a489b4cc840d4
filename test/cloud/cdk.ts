/** CDK's own command line, against an emulator: dummy credentials, a home folder of its own, no telemetry. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type Emulator, ROOT } from "./emulator.ts";

export const ACCOUNT = "000000000000";
export const REGION = "us-east-1";
export const STACK = "PerdureCloudTest";
const RUN_MS_MAX = 580_000;

export interface Run {
  readonly text: string;
  readonly ok: boolean;
}

export class Cdk {
  readonly #emulator: Emulator;
  readonly #app: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "perdure-cdk-"));

  constructor(emulator: Emulator, app = "app.ts") {
    this.#emulator = emulator;
    this.#app = app;
  }

  get folder(): string {
    return this.#folder;
  }

  /** If it fails, throws an Error with what it printed. */
  async run(args: readonly string[], environment: Record<string, string> = {}): Promise<string> {
    const { ok, text } = await this.try(args, environment);
    if (!ok) throw new Error(`cdk ${args.join(" ")} failed:\n${text.slice(-6000)}`);
    return text;
  }

  /** Deploys, and returns the stack's outputs. */
  async deploy(
    environment: Record<string, string>,
  ): Promise<{ text: string; outputs: Record<string, string> }> {
    const file = join(this.#folder, "outputs.json");
    const args = ["deploy", "--all", "--require-approval", "never", "--outputs-file", file];
    const text = await this.run(args, environment);
    const outputs = JSON.parse(readFileSync(file, "utf8")) as Record<string, Record<string, string>>;
    return { text, outputs: outputs[STACK] ?? {} };
  }

  async try(args: readonly string[], environment: Record<string, string> = {}): Promise<Run> {
    const { endpoint } = this.#emulator;
    const home = join(this.#folder, "home");
    mkdirSync(home, { recursive: true });
    const app = `node --conditions=perdure-source ${join(import.meta.dirname, this.#app)}`;
    const quiet = ["--no-notices", "--no-version-reporting", "--no-color", "--progress", "events"];
    const main = join(ROOT, "node_modules/aws-cdk/bin/cdk");
    const where = ["--app", app, "--output", join(this.#folder, "cdk.out")];
    const child = spawn(process.execPath, [main, ...args, ...where, ...quiet], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: RUN_MS_MAX,
      killSignal: "SIGKILL",
      env: {
        PATH: [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
        ...{ HOME: home, CI: "1", CDK_DISABLE_CLI_TELEMETRY: "true" },
        ...{ AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_S3: s3Endpoint(endpoint) },
        ...{ AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: REGION },
        ...{
          AWS_EC2_METADATA_DISABLED: "true",
          AWS_CONFIG_FILE: "/dev/null",
          AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
        },
        ...{ CDK_DEFAULT_ACCOUNT: ACCOUNT, CDK_DEFAULT_REGION: REGION },
        ...environment,
      },
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (part: string) => (text += part));
    }
    const code = await new Promise((resolve) => child.once("close", resolve));
    return { text, ok: code === 0 };
  }
}

/** A name, because for a numeric address S3's client does not put the bucket into the host. */
const s3Endpoint = (endpoint: string): string => endpoint.replace("127.0.0.1", "localhost");
