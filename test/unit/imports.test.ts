// The import rules of oxlint.config.ts can fail: a small tree that breaks each of them once is linted with the same file.
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");

/** By file: what it imports, and may not. */
const FORBIDDEN: Record<string, readonly string[]> = {
  "lib/limits.ts": ["./store/journal.ts", "./aws/fault.ts", "../sdk/index.ts", "node:fs"],
  "lib/hash.ts": ["node:fs"],
  "lib/model/head.ts": ["../store/journal.ts", "../aws/fault.ts", "../turn/future.ts"],
  "lib/turn/future.ts": ["../store/journal.ts", "../aws/fault.ts"],
  "lib/store/journal.ts": ["../aws/fault.ts", "../../runtime/http/message.ts", "node:fs"],
  "sdk/context.ts": ["../lib/aws/fault.ts", "../runtime/local/clock.ts", "@aws-sdk/client-sqs", "perdure"],
  "sdk/turn/step.ts": ["../../lib/aws/fault.ts", "../../runtime/dispatcher/dispatcher.ts"],
  "sdk/lambda.ts": ["../runtime/aws/connection.ts"],
  "sdk/serve/node.ts": ["../../runtime/dispatcher/dispatcher.ts", "../../runtime/local/clock.ts"],
  "sdk/testing/environment.ts": ["../../runtime/aws/connection.ts", "../../infra/index.ts"],
  "runtime/admin/purge.ts": ["../dispatcher/dispatcher.ts", "../aws/connection.ts", "../local/clock.ts"],
  "runtime/admin/lambda.ts": ["../registrar/registrar.ts", "../dev/engine.ts"],
  "runtime/dispatcher/delivery.ts": ["../ingress/ingress.ts", "../../sdk/index.ts"],
  "runtime/ingress/result.ts": ["../reconciler/reconciler.ts", "../../lib/aws/fault.ts"],
  "runtime/reconciler/retirement.ts": ["../admin/admin.ts"],
  "runtime/registrar/cloudformation.ts": ["../timers/due-timer.ts"],
  "runtime/timers/due-timer.ts": ["../dispatcher/dispatcher.ts"],
  "runtime/http/message.ts": ["../admin/admin.ts", "../dev/engine.ts"],
  "runtime/local/clock.ts": ["../aws/connection.ts", "../dispatcher/dispatcher.ts"],
  "runtime/aws/connection.ts": ["../local/clock.ts", "../ingress/ingress.ts", "esbuild"],
  "runtime/dev/engine.ts": ["../aws/connection.ts", "../../cli/main.ts"],
  "infra/runtime.ts": ["../runtime/dispatcher/lambda.ts", "../sdk/lambda.ts"],
  "cli/dev.ts": ["../runtime/dispatcher/dispatcher.ts", "../infra/index.ts"],
  "examples/greeter.ts": ["../sdk/index.ts"],
  "bench/cost.ts": ["../examples/01-greeter.ts"],
};
/** What they import, and may. */
const ALLOWED: Record<string, readonly string[]> = {
  "lib/ports.ts": ["./model/item.ts"],
  "lib/store/outputs.ts": ["../model/item.ts", "./journal.ts"],
  "lib/aws/fault.ts": ["../errors.ts", "node:http"],
  "sdk/index.ts": ["./turn/step.ts", "../lib/errors.ts"],
  "sdk/restate/lambda.ts": ["../../lib/aws/fault.ts"],
  "sdk/serve/fetch.ts": ["../../runtime/dev/hosts/hosted-turn.ts"],
  "runtime/dispatcher/lambda.ts": ["../aws/connection.ts", "../../lib/aws/fault.ts"],
  "runtime/admin/admin.ts": [
    "../http/message.ts",
    "../deployments/registration.ts",
    "../../lib/store/journal.ts",
  ],
  "runtime/dev/reload.ts": ["../admin/admin.ts", "../local/clock.ts", "../../sdk/endpoint.ts"],
  "cli/main.ts": ["../runtime/dev/engine.ts", "../lib/version.ts"],
  "examples/sum.ts": ["perdure"],
};
/** A circle of types alone. */
const CIRCLE = {
  "sdk/one.ts": `import type { Two } from "./two.ts";\nexport interface One {\n  readonly two: Two;\n}\n`,
  "sdk/two.ts": `import type { One } from "./one.ts";\nexport interface Two {\n  readonly one: One;\n}\n`,
};

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

const tree = mkdtempSync(join(tmpdir(), "perdure-imports-"));
afterAll(() => rmSync(tree, { recursive: true, force: true }));

/** One line for each import. */
const importing = (specifiers: readonly string[]): string =>
  specifiers.map((specifier, index) => `export type { T as T${index} } from "${specifier}";\n`).join("");

function write(file: string, text: string): void {
  mkdirSync(dirname(join(tree, file)), { recursive: true });
  writeFileSync(join(tree, file), text);
}

/** By rule: file and line of what was found. */
const found = new Map<string, string[]>();

beforeAll(async () => {
  const files = [...Object.keys(FORBIDDEN), ...Object.keys(ALLOWED)];
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
  copyFileSync(join(ROOT, "oxlint.config.ts"), join(tree, "oxlint.config.ts"));
  for (const [file, specifiers] of Object.entries({ ...FORBIDDEN, ...ALLOWED }))
    write(file, importing(specifiers));
  for (const [file, text] of Object.entries(CIRCLE)) write(file, text);
  const oxlint = join(ROOT, "node_modules", ".bin", "oxlint");
  // It ends with 1, since there is something to find.
  const { stdout } = await promisify(execFile)(
    oxlint,
    ["--format=json", ...new Set(files.map((file) => file.split("/")[0] ?? ""))],
    { cwd: tree },
  ).catch((error: unknown) => error as { readonly stdout: string });
  const { diagnostics } = JSON.parse(stdout) as { readonly diagnostics: readonly Diagnostic[] };
  for (const { code, filename, labels } of diagnostics) {
    const at = `${filename}:${labels[0]?.span.line ?? 0}`;
    found.set(code, [...(found.get(code) ?? []), at]);
  }
}, 30_000);

const restricted = (): readonly string[] => found.get("eslint(no-restricted-imports)") ?? [];

describe("an import that crosses a boundary is reported", () => {
  test.each(Object.entries(FORBIDDEN))("%s", (file, specifiers) => {
    const reported = specifiers.filter((_, index) => restricted().includes(`${file}:${index + 1}`));
    expect(reported).toEqual(specifiers);
  });
});

test("an import that does not is fine", () => {
  const files = Object.keys(ALLOWED);
  expect(restricted().filter((at) => files.some((file) => at.startsWith(`${file}:`)))).toEqual([]);
});

test("a circle of types is reported", () => {
  expect(found.get("import(no-cycle)")?.map((at) => at.split(":")[0])).toEqual(
    expect.arrayContaining(Object.keys(CIRCLE)),
  );
});
