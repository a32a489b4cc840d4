/**
 * Makes one module, a bundle, of the user's files and all that they import: a deployment of the local server. One copy of the
 * SDK is in it. So the code of an invocation in flight stays the same, even if files are edited or packages updated.
 *
 * A bundle exports what `hosts/host-script.ts` needs: the endpoint, and the error class that its own SDK recognises.
 */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { basename, dirname, extname, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Esbuild from "esbuild";
import { ownPlaces } from "./bundled-source.ts";

export interface Bundle {
  /** `dp_` and the hash of the code. */
  readonly deployment: string;
  readonly code: Uint8Array;
  /** Absolute paths of the files that went into it. */
  readonly files: readonly string[];
  /** What the bundler warned of, formatted. */
  readonly warnings: readonly string[];
}

/** The file cannot be served. The message is for people, and names the file and the line. */
export class BuildError extends Error {
  override readonly name = "BuildError";
  /** What failed: bundling the file, or loading the bundle. */
  readonly stage: "compile" | "load";

  constructor(stage: BuildError["stage"], message: string, cause?: ErrorOptions) {
    super(message, cause);
    this.stage = stage;
  }
}

const DEPLOYMENT_HASH_CHARS = 20;
/** `.ts` in a checkout, `.js` in an installed package. */
const EXTENSION = extname(import.meta.filename);
const PACKAGE_ROOT = join(import.meta.dirname, "../..");
const ownRequire = createRequire(import.meta.url);

/** Bundlers that are open. They share esbuild's one process, so the last one ends it. */
let open = 0;

export class Bundler {
  readonly #files: readonly string[];
  #context: Esbuild.BuildContext | undefined;
  #esbuild: typeof Esbuild | undefined;

  /** Absolute paths of the files whose services are served: one at least. */
  constructor(files: readonly string[]) {
    this.#files = files;
  }

  /** Bundles the files as they are now. Throws {@link BuildError}. */
  async build(): Promise<Bundle> {
    // Loaded here, because nothing else in the engine needs it.
    this.#esbuild ??= await import("esbuild");
    if (!this.#context) {
      open++;
      this.#context = await this.#esbuild.context(optionsFor(this.#files));
    }
    try {
      const { outputFiles = [], metafile, warnings } = await this.#context.rebuild();
      const code = outputFiles[0]?.contents ?? new Uint8Array(0);
      const files = Object.keys(metafile?.inputs ?? {}).filter((name) => !name.startsWith("<"));
      return {
        deployment: deploymentIdOf(code),
        code,
        files: files.map((name) => resolve(commonFolder(this.#files), name)),
        warnings: await this.#format(warnings, "warning"),
      };
    } catch (error) {
      const { errors } = error as Partial<Esbuild.BuildFailure>;
      if (errors === undefined) throw error;
      throw new BuildError("compile", (await this.#format(errors, "error")).join("\n"));
    }
  }

  /** Ends esbuild's process, if no other bundler uses it. */
  async close(): Promise<void> {
    if (!this.#context) return;
    await this.#context.dispose();
    this.#context = undefined;
    if (--open === 0) await this.#esbuild?.stop();
  }

  async #format(messages: readonly Esbuild.Message[], kind: "error" | "warning"): Promise<readonly string[]> {
    if (messages.length === 0 || !this.#esbuild) return [];
    const texts = await this.#esbuild.formatMessages(messages.map(withOwnAdvice), {
      kind,
      color: process.stdout.isTTY,
    });
    return texts.map((text) => text.trimEnd());
  }
}

export const deploymentIdOf = (code: Uint8Array): string =>
  `dp_${createHash("sha256").update(code).digest("hex").slice(0, DEPLOYMENT_HASH_CHARS)}`;

/** esbuild's advice is for those who call it. */
function withOwnAdvice(message: Esbuild.Message): Esbuild.Message {
  const missing = MISSING.exec(message.text)?.[1];
  if (missing === undefined) return message;
  const [scope = "", name = ""] = missing.split("/");
  const text = `Is it installed? \`npm install ${scope.startsWith("@") ? `${scope}/${name}` : scope}\``;
  return { ...message, notes: [{ text, location: null }] };
}
/** A package, and no path. */
const MISSING = /^Could not resolve "([^./][^"]*)"/u;

/** The innermost folder that all of them are in. */
export function commonFolder(files: readonly string[]): string {
  const [first = "", ...others] = files.map((file) => dirname(file));
  let folder = first;
  while (
    others.some((other) => other !== folder && !other.startsWith(folder + sep)) &&
    folder !== dirname(folder)
  )
    folder = dirname(folder);
  return folder;
}

function optionsFor(files: readonly string[]): Esbuild.BuildOptions {
  const folder = commonFolder(files);
  const [file = folder] = files;
  const url = pathToFileURL(file).href;
  return {
    absWorkingDir: folder,
    stdin: { contents: entryOf(files), resolveDir: folder, sourcefile: "<entry>", loader: "js" },
    outfile: join(folder, "bundle.mjs"),
    write: false,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22",
    sourcemap: "inline",
    sourcesContent: false,
    // Sources are named relative to the files' folder. The bundle runs in another folder.
    sourceRoot: `${pathToFileURL(folder).href}/`,
    metafile: true,
    logLevel: "silent",
    banner: { js: bannerOf(file) },
    // In packages: the user's own files know their own places (bundled-source.ts).
    define: {
      "import.meta.url": JSON.stringify(url),
      "import.meta.filename": JSON.stringify(file),
      "import.meta.dirname": JSON.stringify(folder),
      __filename: JSON.stringify(file),
      __dirname: JSON.stringify(folder),
    },
    plugins: [resolution, ownPlaces(new Set(files))],
  };
}

/** CommonJS packages expect `require`. It is a global, because a file may declare its own. In a process of the engine the file was
 * started, as far as it can see. */
const bannerOf = (file: string): string =>
  [
    'import { createRequire as $createRequire } from "node:module";',
    `globalThis.require ??= $createRequire(${JSON.stringify(pathToFileURL(file).href)});`,
    `if (globalThis[Symbol.for("perdure.collector")]) process.argv.splice(1, Infinity, ${JSON.stringify(file)});`,
  ].join(" ");

/** See `exported-services.ts`. */
function entryOf(files: readonly string[]): string {
  const from = (path: string): string => JSON.stringify(path);
  const own = (path: string): string => from(join(PACKAGE_ROOT, path + EXTENSION));
  const loaded = files.map((file, at) => `{ name: ${from(basename(file))}, exports: file${at} }`);
  return `
${files.map((file, at) => `import * as file${at} from ${from(file)};`).join("\n")}
import { createEndpoint } from ${own("sdk/endpoint")};
import { servicesOf } from ${own("runtime/dev/exported-services")};
export { OperationalError } from ${own("lib/errors")};
const files = [${loaded.join(", ")}];
export const endpointOf = async (soon, served) => createEndpoint(await servicesOf(files, served ?? { byNow: () => [], soon }));
`;
}

const resolution: Esbuild.Plugin = {
  name: "perdure",
  setup(build) {
    // Always the SDK of this installation, whose engine will run the code.
    build.onResolve({ filter: /^perdure(\/|$)/ }, ({ path }) => {
      try {
        return { path: ownRequire.resolve(path) };
      } catch {
        return { errors: [{ text: `the package perdure does not export "${path}"` }] };
      }
    });
    // Code that was written for Restate runs unchanged. With Restate's SDK it would serve nothing that this engine knows.
    build.onResolve({ filter: /^@restatedev\/restate-sdk(\/(fetch|lambda|node))?$/ }, ({ path }) => ({
      path: ownRequire.resolve(path.replace("@restatedev/restate-sdk", "perdure/restate")),
    }));
    // Native addons cannot be bundled. They are loaded from their own place.
    build.onResolve({ filter: /\.node$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path),
      external: true,
    }));
  },
};
