/**
 * Code of Lambda functions as single files. The same sources give the same bytes, so that deploying again without a
 * change changes nothing: the CDK names an asset by its content, and there are no paths and no times in it.
 *
 * By default the AWS SDK is not part of it: Lambda's Node runtime carries one. A bundle is then a fifth of the size, at the
 * price of a version that AWS chooses; `"bundled"` pins the version that is installed where the stack is made.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { Code } from "aws-cdk-lib/aws-lambda";
import { buildSync, type BuildOptions } from "esbuild";

export type AwsSdk = "runtime" | "bundled";

/** Sources in a checkout, their compiled form in an installed package. */
const EXTENSION = extname(import.meta.filename);
const PACKAGE_ROOT = join(import.meta.dirname, "..");
const own = (path: string): string => join(PACKAGE_ROOT, path + EXTENSION);
const NODE_TARGET = "node24";
/** The function's entry point, and the name of the file that has it. */
export const HANDLER = "index.handler";
const FILE = "index.mjs";

/** The package's own entries do not change while a stack is made. */
const folders = new Map<string, string>();

/** One of the runtime's parts. */
export function runtimeCode(part: string, awsSdk: AwsSdk): Code {
  const name = `${awsSdk} ${part}`;
  const folder = folders.get(name) ?? folderWith(runtimeBundle(part, awsSdk));
  folders.set(name, folder);
  return Code.fromAsset(folder);
}

export const handlerCode = (entry: string, awsSdk: AwsSdk): Code =>
  Code.fromAsset(folderWith(handlerBundle(entry, awsSdk)));

/** The Lambda entry of one of the runtime's parts: `runtime/<part>/lambda`. */
export const runtimeBundle = (part: string, awsSdk: AwsSdk): Uint8Array =>
  bundle({ entryPoints: [own(`runtime/${part}/lambda`)] }, awsSdk);

/**
 * A user's file. It exports a `handler` made by `createLambdaHandler`, or its services by default: one definition or an
 * array of them, as `perdure dev` takes it.
 */
export function handlerBundle(entry: string, awsSdk: AwsSdk): Uint8Array {
  const contents = `
import * as user from ${JSON.stringify(entry)};
import { createLambdaHandler } from ${JSON.stringify(own("sdk/lambda"))};
export const handler = user.handler ?? createLambdaHandler({ services: [user.default].flat() });
`;
  return bundle({ stdin: { contents, resolveDir: dirname(entry), sourcefile: "entry.js" } }, awsSdk);
}

type Input = Pick<BuildOptions, "entryPoints" | "stdin">;

/** Throws what esbuild throws: its message names the file and the line. */
function bundle(input: Input, awsSdk: AwsSdk): Uint8Array {
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

/** A folder of nobody else's, until the process ends: by then the CDK has copied what is in it. */
function folderWith(contents: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "perdure-code-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, FILE), contents);
  return folder;
}
