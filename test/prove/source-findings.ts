/** What the compiler and the lint rules say of the corpus: they read the code, so one look finds all. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import plugin from "perdure/lint";
import { CORPUS } from "./corpus-files.ts";

export interface SourceFindings {
  /** By the mistake's name: messages at planted lines. */
  readonly lint: ReadonlyMap<string, readonly string[]>;
  readonly types: ReadonlyMap<string, readonly string[]>;
  /** At lines that are as they should be. */
  readonly falseAlarms: readonly string[];
  readonly lintMs: number;
}

const ROOT = join(import.meta.dirname, "../..");
const PLANTED = /\/\/ (?:@ts-expect-error )?planted/u;
/** The compiler refuses the next line. It says so if it does not (`tsc` of `npm run types`). */
const REFUSED = /\/\/ @ts-expect-error planted(?:: (.*))?$/u;

export function sourceFindings(): SourceFindings {
  const files = new Map(
    readdirSync(CORPUS).map((file) => [
      basename(file, ".ts"),
      readFileSync(join(CORPUS, file), "utf8").split("\n"),
    ]),
  );
  const beganMs = performance.now();
  const found = linted();
  const lintMs = performance.now() - beganMs;
  // The comment stands at the line, or above it.
  const isPlanted = ({ name, line }: Found): boolean =>
    (files.get(name) ?? []).slice(line - 2, line).some((each) => PLANTED.test(each));
  return {
    lint: grouped(found.filter(isPlanted).map(({ name, message }) => [name, message])),
    types: grouped(
      [...files].flatMap(([name, lines]) =>
        lines.filter((line) => REFUSED.test(line)).map((line) => [name, line.trim()] as const),
      ),
    ),
    falseAlarms: found
      .filter((each) => !isPlanted(each))
      .map(({ name, line, message }) => `${name}:${line} ${message}`),
    lintMs,
  };
}

interface Found {
  readonly name: string;
  readonly line: number;
  readonly message: string;
}

interface Diagnostics {
  readonly diagnostics: readonly {
    readonly message: string;
    readonly filename: string;
    readonly labels: readonly { readonly span: { readonly line: number } }[];
  }[];
}

/** By oxlint, which reads TypeScript, with the rules of `perdure/lint` alone. */
function linted(): readonly Found[] {
  const folder = mkdtempSync(join(tmpdir(), "perdure-prove-"));
  try {
    const config = join(folder, "oxlintrc.json");
    writeFileSync(
      config,
      JSON.stringify({
        jsPlugins: [{ name: "perdure", specifier: join(ROOT, "sdk/lint/index.ts") }],
        ...{ plugins: [], categories: { correctness: "off" } },
        rules: plugin.configs.recommended.rules,
      }),
    );
    const oxlint = join(ROOT, "node_modules/oxlint/bin/oxlint");
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [oxlint, "-c", config, "--format", "json", CORPUS],
      {
        ...{ cwd: ROOT, encoding: "utf8" },
      },
    );
    if (!stdout.trimStart().startsWith("{")) throw new Error(`oxlint has not answered: ${stdout}${stderr}`);
    const { diagnostics } = JSON.parse(stdout) as Diagnostics;
    return diagnostics.map(({ message, filename, labels }) => ({
      ...{ name: basename(filename, ".ts"), line: labels[0]?.span.line ?? 0, message },
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const grouped = (pairs: readonly (readonly [name: string, message: string])[]): Map<string, string[]> =>
  new Map(
    [...Map.groupBy(pairs, ([name]) => name)].map(([name, of]) => [name, of.map(([, message]) => message)]),
  );
