/**
 * Makes the code of each Lambda function one file. The same sources give the same bytes, without paths or times. The CDK names
 * an asset by its content, so a deployment without a change changes nothing.
 *
 * By default the AWS SDK is left out, because Lambda's Node runtime has one. Then a bundle has a fifth of the size, and AWS
 * chooses the SDK's version. `"bundled"` pins the version that is installed where the stack is made.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { Code } from "aws-cdk-lib/aws-lambda";
import { buildSync, type BuildOptions } from "esbuild";

export type AwsSdk = "runtime" | "bundled";

/** `.ts` in a checkout, `.js` in an installed package. */
const EXTENSION = extname(import.meta.filename);
const PACKAGE_ROOT = join(import.meta.dirname, "..");
const own = (path: string): string => join(PACKAGE_ROOT, path + EXTENSION);
const NODE_TARGET = "node24";
/** The function's entry point, and the file that has it. */
export const HANDLER = "index.handler";
const FILE = "index.mjs";

/** The folders of the runtime's parts, by name. Their code does not change while a stack is made. */
const folders = new Map<string, string>();

/** The code of one of the runtime's parts. */
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

/** Throws esbuild's error, whose message names the file and the line. */
function bundle(input: Input, awsSdk: AwsSdk): Uint8Array {
  const { outputFiles } = buildSync({
    ...input,
    bundle: true,
    write: false,
    minify: true,
    // A journal records the names of errors.
    keepNames: true,
    platform: "node",
    format: "esm",
    target: NODE_TARGET,
    mainFields: ["module", "main"],
    conditions: EXTENSION === ".ts" ? ["perdure-source"] : [],
    external: awsSdk === "runtime" ? ["@aws-sdk/*"] : [],
    logLevel: "silent",
    logOverride: { "import-is-undefined": "silent" },
    // CommonJS packages expect it.
    banner: {
      js: 'import{createRequire as $createRequire}from"node:module";globalThis.require??=$createRequire(import.meta.url);',
    },
  });
  const [file] = outputFiles;
  if (!file) throw new Error("the bundler made no file");
  return file.contents;
}

/** A new folder with the file in it. It is removed when the process ends: by then the CDK has copied it. */
function folderWith(contents: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "perdure-code-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, FILE), contents);
  return folder;
}
