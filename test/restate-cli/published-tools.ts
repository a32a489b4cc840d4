/**
 * Restate's published tools from npm, as they are, in a folder of their own under `.emulator/`. Their install scripts do not run, and the
 * CLI sends no telemetry. The CLI sees no configuration but an empty home and the address that it is given.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";

const ROOT = join(import.meta.dirname, "../..");
const MANIFEST = join(import.meta.dirname, "published");
const INSTALL_MS_MAX = 120_000;
const COMMAND_MS_MAX = 20_000;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The folder that holds `node_modules`. Another version of the CLI is another folder. Throws if npm cannot install it. */
export function installedTools(): string {
  const { dependencies } = JSON.parse(readFileSync(join(MANIFEST, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const folder = join(ROOT, ".emulator", `restate-cli-${dependencies["@restatedev/restate"] ?? "unknown"}`);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const making = mkdtempSync(`${folder}-`);
  try {
    cpSync(MANIFEST, making, { recursive: true });
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
    execFileSync("npm", ["ci", ...options], { cwd: making, stdio: "pipe", timeout: INSTALL_MS_MAX });
    renameSync(making, folder);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    // Another worker may have been faster.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** Why the tools cannot be installed here; `undefined` when they are. */
export function whyNoTools(): string | undefined {
  try {
    installedTools();
    return undefined;
  } catch (error) {
    return `npm cannot install them: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Loads a package that is installed beside the CLI. The caller states its type. */
export const importTool = async <T>(specifier: string): Promise<T> => {
  const file = createRequire(join(installedTools(), "package.json")).resolve(specifier);
  return (await import(pathToFileURL(file).href)) as T;
};

/** The published CLI, pointed at an admin API. */
export class RestateCli {
  readonly #admin: string;
  readonly #home: string;

  /** `home`: an empty folder. */
  constructor(admin: string, home: string) {
    this.#admin = admin;
    this.#home = home;
  }

  async run(...args: readonly string[]): Promise<Ran> {
    return await this.runWith({}, ...args);
  }

  /** `env`: more variables, such as `EDITOR`. */
  async runWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ran> {
    const main = join(installedTools(), "node_modules/@restatedev/restate/lib/index.js");
    const child = spawn(process.execPath, [main, ...args], {
      cwd: this.#home,
      env: {
        ...{ PATH: process.env["PATH"] ?? "", HOME: this.#home, TZ: "UTC", NO_COLOR: "1" },
        ...{ DO_NOT_TRACK: "1", RESTATE_ADMIN_URL: this.#admin, RESTATE_CLI_CONFIG_HOME: this.#home },
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: COMMAND_MS_MAX,
      killSignal: "SIGKILL",
    });
    const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
      const chunks: string[] = [];
      stream.setEncoding("utf8").on("data", (text: string) => chunks.push(text));
      return chunks;
    });
    const [code] = (await once(child, "close")) as [number | null];
    return { code, stdout: plain(stdout), stderr: plain(stderr) };
  }
}

/** Without colours, which the CLI writes to stderr even if it is no terminal. */
const plain = (chunks: readonly string[] = []): string => stripVTControlCharacters(chunks.join(""));
