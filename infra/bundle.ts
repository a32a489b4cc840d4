/**
 * Makes the code of a Lambda function one file. The same sources give the same bytes, without paths or times. The CDK names
 * an asset by its content, so a deployment without a change changes nothing.
 *
 * What a handler imports of the AWS SDK is left out by default, because Lambda's Node runtime has one. Then a bundle has a fifth of the size, and AWS
 * chooses the SDK's version. `"bundled"` pins the version that is installed where the stack is made.
 */
import { extname, join } from "node:path";
import { Code } from "aws-cdk-lib/aws-lambda";
import { buildSync, type BuildOptions, type BuildResult } from "esbuild";
import { codeFolder } from "./code-folder.ts";

export type AwsSdk = "runtime" | "bundled";

/** `.ts` in a checkout, `.js` in an installed package. */
const EXTENSION = extname(import.meta.filename);
/** The folder of Perdure's own sources. */
export const PACKAGE_ROOT = join(import.meta.dirname, "..");
/** One of Perdure's own files. `path`: without its extension. */
export const ownFile = (path: string): string => join(PACKAGE_ROOT, path + EXTENSION);
const NODE_TARGET = "node24";
/** The function's entry point, and the file that has it. */
export const HANDLER = "index.handler";
export const BUNDLE_FILE = "index.mjs";

/**
 * What CommonJS packages expect. These are globals, because a module may declare its own. A bundle is one file, so its place is
 * that of all modules in it.
 */
const BANNER = [
  'import{createRequire as $createRequire}from"node:module";',
  "globalThis.require??=$createRequire(import.meta.url);",
  "globalThis.__filename??=import.meta.filename;",
  "globalThis.__dirname??=import.meta.dirname;",
].join("");

/** The folders of the runtime's parts, by name. Their code does not change while a stack is made. */
const folders = new Map<string, string>();

/** The code of one of the runtime's parts. */
export function runtimeCode(part: string, isTraced: boolean): Code {
  const name = isTraced ? `${part}, traced` : part;
  const folder = folders.get(name) ?? codeFolder(new Map([[BUNDLE_FILE, runtimeBundle(part, isTraced)]]));
  folders.set(name, folder);
  return Code.fromAsset(folder);
}

/** See runtime/aws/function-traces.ts. */
const WITHOUT_TRACES = { "process.env.PERDURE_TRACES_BUILT": '"no"' };

/** The Lambda entry of one of the runtime's parts: `runtime/<part>/lambda`. It imports nothing of the AWS SDK. */
export function runtimeBundle(part: string, isTraced = false): Uint8Array {
  const entryPoints = [ownFile(`runtime/${part}/lambda`)];
  const { outputFiles } = bundle({ entryPoints, define: isTraced ? {} : WITHOUT_TRACES }, "runtime");
  const [file] = outputFiles;
  if (!file) throw new Error("the bundler made no file");
  return file.contents;
}

/** Throws esbuild's error, whose message names the file and the line. */
export function bundle(
  { external = [], ...options }: BuildOptions,
  awsSdk: AwsSdk,
): BuildResult<{ write: false; metafile: true }> {
  return buildSync({
    minify: true,
    mainFields: ["module", "main"],
    ...options,
    bundle: true,
    write: false,
    metafile: true,
    // A journal records the names of errors.
    keepNames: true,
    platform: "node",
    format: "esm",
    target: NODE_TARGET,
    // As in Lambda: a file of CommonJS gets the same modules of Perdure as one of ES modules.
    conditions: ["module-sync", ...(EXTENSION === ".ts" ? ["perdure-source"] : [])],
    external: [...(awsSdk === "runtime" ? ["@aws-sdk/*"] : []), ...external],
    logLevel: "silent",
    logOverride: { "import-is-undefined": "silent" },
    banner: { js: BANNER },
  });
}
