/**
 * The code of a user's handlers: one bundle, its source map, and the files that it reads.
 *
 * In a bundle `import.meta.url` is the bundle's for all modules, as it is in `perdure dev`. So a file that some module names
 * relative to `import.meta.url` lies at that path relative to the bundle. If the path leads upwards (`../assets`), the bundle lies as
 * deep in the asset as is needed.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, posix, relative, resolve, sep } from "node:path";
import type { BuildFailure, Message } from "esbuild";
import { type AwsSdk, bundle, BUNDLE_FILE, HANDLER, ownFile, PACKAGE_ROOT } from "./bundle.ts";
import type { BundlingOptions } from "./bundling.ts";
import type { FolderContents } from "./code-folder.ts";

export interface HandlerBundle {
  /** By path, with slashes: the bundle, its map, what loaders have made, and the files that are copied. */
  readonly contents: FolderContents;
  /** The bundle's path among them. */
  readonly main: string;
  /** As Lambda names the entry point. */
  readonly handler: string;
}

/** Esbuild's name of the module that joins the user's file with the SDK. */
const JOINT = "perdure-entry.js";
const SOURCE_MAP = `${BUNDLE_FILE}.map`;

/**
 * `entry`: a file that exports a `handler` made by `createLambdaHandler`, or its services by default: one definition or an array
 * of them, as `perdure dev` takes it. Throws `Error`, whose message names the file and the line.
 */
export function handlerBundle(
  entry: string,
  awsSdk: AwsSdk,
  options: BundlingOptions = {},
  isTraced = false,
): HandlerBundle {
  const folder = dirname(entry);
  const { outputs, inputs } = built(entry, awsSdk, options, isTraced);
  const copies = new Map([...listed(folder, options.files ?? []), ...namedInCode(inputs, folder)]);
  const up = upwards([...copies.keys()], folder);
  const place = (path: string): string => posix.normalize(posix.join(up, path));
  const contents = new Map<string, Uint8Array | string>();
  for (const [path, source] of copies) contents.set(place(path), source);
  for (const [path, bytes] of outputs) contents.set(place(path), bytes);
  return { contents, main: place(BUNDLE_FILE), handler: place(HANDLER) };
}

interface Built {
  /** By path relative to the entry's folder. */
  readonly outputs: ReadonlyMap<string, Uint8Array>;
  /** Absolute paths of the modules in the bundle. */
  readonly inputs: readonly string[];
}

function built(entry: string, awsSdk: AwsSdk, options: BundlingOptions, isTraced: boolean): Built {
  const { external = [], nodeModules = [], loader = {}, define = {}, minify, sourceMap = true } = options;
  const folder = dirname(entry);
  const first = [...(sourceMap ? ["sdk/mapped-stacks"] : []), ...(isTraced ? ["sdk/tracing/lambda"] : [])]
    .map((path) => `import ${JSON.stringify(ownFile(path))};`)
    .join("");
  const contents = `${first}
import * as user from ${JSON.stringify(entry)};
import { createLambdaHandler } from ${JSON.stringify(ownFile("sdk/lambda"))};
export const handler = user.handler ?? createLambdaHandler({ services: [user.default].flat() });
`;
  try {
    const { outputFiles, metafile } = bundle(
      {
        stdin: { contents, resolveDir: folder, sourcefile: JOINT },
        outfile: join(folder, BUNDLE_FILE),
        external: [...external, ...nodeModules],
        loader,
        define,
        ...(minify === undefined ? {} : { minify }),
        sourcemap: sourceMap ? "linked" : false,
        sourcesContent: false,
      },
      awsSdk,
    );
    const outputs = outputFiles.map(({ path, contents: bytes }): [string, Uint8Array] => {
      const name = relative(folder, path).replaceAll(sep, "/");
      return [name, name === SOURCE_MAP ? withoutOwnPaths(bytes, folder) : bytes];
    });
    const inputs = Object.keys(metafile.inputs).map((name) => resolve(name));
    return { outputs: new Map(outputs), inputs };
  } catch (error) {
    throw explained(error);
  }
}

interface SourceMap {
  readonly sources: readonly string[];
}

/** Perdure's own sources have the same names wherever it is installed. */
function withoutOwnPaths(map: Uint8Array, folder: string): Uint8Array {
  const parsed = JSON.parse(Buffer.from(map).toString()) as SourceMap;
  const sources = parsed.sources.map((source) => {
    if (source.endsWith(JOINT)) return `node_modules/perdure/${JOINT}`;
    const within = relative(PACKAGE_ROOT, resolve(folder, source));
    const isOwn = !within.startsWith("..") && !isAbsolute(within) && !within.startsWith("node_modules");
    return isOwn && isEngine(within) ? `node_modules/perdure/${within.replaceAll(sep, "/")}` : source;
  });
  return Buffer.from(JSON.stringify({ ...parsed, sources }));
}

/** In a checkout the examples and tests are within the folder, too. */
const isEngine = (path: string): boolean => /^(sdk|lib)[\\/]/.test(path);

// --- files beside the bundle ----------------------------------------------------------------------------------

/** By path relative to the entry's folder, with slashes: the file or folder to copy. */
type Copies = ReadonlyMap<string, string>;

function listed(folder: string, files: readonly string[]): Copies {
  return new Map(
    files.map((file) => {
      const source = resolve(folder, file);
      if (existsSync(source)) return [relative(folder, source).replaceAll(sep, "/"), source];
      throw new Error(
        `bundling.files: there is no ${source}. Paths are relative to the folder of the entry, ${folder}.`,
      );
    }),
  );
}

/** `new URL("./data.txt", import.meta.url)` and `import.meta.resolve("./data.txt")`. */
const NAMED =
  /\bnew URL\(\s*(["'`])(\.{1,2}\/[^"'`$]+)\1\s*,\s*import\.meta\.url\s*\)|\bimport\.meta\.resolve\(\s*(["'])(\.{1,2}\/[^"']+)\3\s*\)/g;

/** What the user's modules name so, if it is a file. Packages that read files of their own belong into `nodeModules`. */
function namedInCode(inputs: readonly string[], folder: string): Copies {
  const copies = new Map<string, string>();
  for (const input of inputs) {
    if (/[\\/]node_modules[\\/]/.test(input) || !existsSync(input)) continue;
    for (const [, , url, , resolved] of readFileSync(input, "utf8").matchAll(NAMED)) {
      const name = decodeURI(url ?? resolved ?? "");
      const source = resolve(dirname(input), name);
      if (!statSync(source, { throwIfNoEntry: false })?.isFile()) continue;
      const path = relative(folder, resolve(folder, name)).replaceAll(sep, "/");
      const other = copies.get(path) ?? source;
      if (other !== source)
        throw new Error(
          `${other} and ${source} are both "${name}" beside import.meta.url, which is one place in a bundle. Rename one of them.`,
        );
      copies.set(path, source);
    }
  }
  return copies;
}

/** The folders in which the bundle must lie, so that no path leads out of the asset: the last of the entry's own path. */
function upwards(paths: readonly string[], folder: string): string {
  const depth = Math.max(0, ...paths.map((path) => path.split("/").filter((part) => part === "..").length));
  const own: string[] = [];
  for (let at = folder; own.length < depth; at = dirname(at)) {
    if (dirname(at) === at) throw new Error(`a file beside ${folder} lies above the root of the file system`);
    own.unshift(basename(at).replaceAll(/\s/g, "_"));
  }
  return own.join("/");
}

// --- errors ---------------------------------------------------------------------------------------------------

const NO_LOADER = /^No loader is configured for "(\.[\w.]+)" files: (.*)$/;
const NOT_RESOLVED = /^Could not resolve "([^"]+)"/;

/** Esbuild's error, with the option that helps. */
function explained(error: unknown): unknown {
  const { errors, message } = error as Partial<BuildFailure>;
  if (errors === undefined || message === undefined) return error;
  const advice = new Set(errors.map(adviceOn).filter((text) => text !== undefined));
  return advice.size === 0 ? error : new Error([message, ...advice].join("\n"), { cause: error });
}

function adviceOn({ text }: Message): string | undefined {
  const [, ending, file = ""] = NO_LOADER.exec(text) ?? [];
  if (ending === ".node")
    return `A native addon cannot be part of a bundle. Let its package be installed beside it: bundling: { nodeModules: ["${packageOf(file)}"] }.`;
  if (ending === ".wasm")
    return `Say what an import of it gives, bytes or a path: bundling: { loader: { ".wasm": "binary" } }, or "file". If a package reads it itself: bundling: { nodeModules: ["${packageOf(file)}"] }.`;
  if (ending !== undefined)
    return `Say what an import of it gives: bundling: { loader: { "${ending}": "text" } }. A file that the code reads itself belongs into bundling.files.`;
  const [, name = ""] = NOT_RESOLVED.exec(text) ?? [];
  return name === "" || name.startsWith(".")
    ? undefined
    : `If a layer has it: bundling: { external: ["${name}"] }. Otherwise install it: npm install ${name}.`;
}

/** The package that a file belongs to, by its path. */
function packageOf(file: string): string {
  const [, name] = /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file) ?? [];
  return (name ?? "its package").replaceAll("\\", "/");
}
