/**
 * Code of Lambda functions as single files. The same sources give the same bytes, so that deploying again without a
 * change changes nothing: no source paths, no times, and a folder that is named by its content.
 *
 * By default the AWS SDK is not part of it: Lambda's Node runtime carries one. A bundle is then a fifth of the size, at the
 * price of a version that AWS chooses; `"bundled"` pins the version that is installed where the stack is made.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { Code } from "aws-cdk-lib/aws-lambda";
import { buildSync, type BuildOptions } from "esbuild";

export type AwsSdk = "runtime" | "bundled";

/** Sources in a checkout, their compiled form in an installed package. */
const EXTENSION = extname(import.meta.filename);
const PACKAGE_ROOT = join(import.meta.dirname, "..");
const NODE_TARGET = "node24";
const HASH_CHARS = 20;
/** The function's entry point, and the name of the file that has it. */
export const HANDLER = "index.handler";
const FILE = "index.mjs";

/** The package's own entries do not change while a stack is made. */
const folders = new Map<string, string>();

/** The Lambda entry of one of the runtime's parts: `runtime/<part>/lambda`. */
export function runtimeCode(part: string, awsSdk: AwsSdk): Code {
  const entry = join(PACKAGE_ROOT, "runtime", part, `lambda${EXTENSION}`);
  const name = `${awsSdk} ${part}`;
  const folder = folders.get(name) ?? folderOf({ entryPoints: [entry] }, awsSdk);
  folders.set(name, folder);
  return Code.fromAsset(folder);
}

/**
 * A user's file. It exports a `handler` made by `createLambdaHandler`, or its services by default: one definition or an
 * array of them, as `perdure dev` takes it.
 */
export function handlerCode(entry: string, awsSdk: AwsSdk): Code {
  const contents = `
import * as user from ${JSON.stringify(entry)};
import { createLambdaHandler } from "perdure/lambda";
export const handler = user.handler ?? createLambdaHandler({ services: [user.default].flat() });
`;
  return Code.fromAsset(
    folderOf({ stdin: { contents, resolveDir: dirname(entry), sourcefile: "entry.js" } }, awsSdk),
  );
}

/** Throws what esbuild throws: its message names the file and the line. */
export function bundle(input: Pick<BuildOptions, "entryPoints" | "stdin">, awsSdk: AwsSdk): Uint8Array {
  const { outputFiles } = buildSync({
    ...input,
    bundle: true,
    write: false,
    minify: true,
    // Error names are part of what a journal records.
    keepNames: true,
    platform: "node",
    format: "esm",
    target: NODE_TARGET,
    mainFields: ["module", "main"],
    conditions: EXTENSION === ".ts" ? ["perdure-source"] : [],
    external: awsSdk === "runtime" ? ["@aws-sdk/*"] : [],
    logLevel: "silent",
    logOverride: { "import-is-undefined": "silent" },
    // As CommonJS packages expect.
    banner: {
      js: 'import{createRequire as $createRequire}from"node:module";globalThis.require??=$createRequire(import.meta.url);',
    },
  });
  const [file] = outputFiles;
  if (!file) throw new Error("the bundler made no file");
  return file.contents;
}

function folderOf(input: Pick<BuildOptions, "entryPoints" | "stdin">, awsSdk: AwsSdk): string {
  const contents = bundle(input, awsSdk);
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, HASH_CHARS);
  const folder = join(tmpdir(), "perdure-code", hash);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, FILE), contents);
  return folder;
}
