/**
 * A user's file and all that it imports as one module: what a deployment of the local server is. The SDK is in it too, in
 * one copy, so that the code of an in-flight invocation stays what it was, whatever is edited or updated meanwhile.
 *
 * A bundle exports what `hosts/host-script.ts` needs: the endpoint, and the error class that its own SDK recognises.
 */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Esbuild from "esbuild";

export interface Bundle {
  /** `dp_` and the hash of the code. */
  readonly deployment: string;
  readonly code: Uint8Array;
  /** Absolute paths of the files that went into it. */
  readonly files: readonly string[];
  /** What the bundler warned of, formatted. */
  readonly warnings: readonly string[];
}

/** The file cannot be bundled; the message is for people, with the place and the line. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}

const DEPLOYMENT_HASH_CHARS = 20;
/** Sources in a checkout, their compiled form in an installed package. */
const EXTENSION = extname(import.meta.filename);
const PACKAGE_ROOT = join(import.meta.dirname, "../..");
const ownRequire = createRequire(import.meta.url);

/** Bundlers that use esbuild's one process: what another of them waits for must not be cut off. */
let open = 0;

export class Bundler {
  readonly #file: string;
  #context: Esbuild.BuildContext | undefined;
  #esbuild: typeof Esbuild | undefined;

  /** `file`: absolute. */
  constructor(file: string) {
    this.#file = file;
  }

  /** Bundles the files as they are now. Throws {@link BuildError}. */
  async build(): Promise<Bundle> {
    // Loaded here because nothing else of the engine needs it.
    this.#esbuild ??= await import("esbuild");
    if (!this.#context) {
      open++;
      this.#context = await this.#esbuild.context(options(this.#file));
    }
    try {
      const { outputFiles = [], metafile, warnings } = await this.#context.rebuild();
      const code = outputFiles[0]?.contents ?? new Uint8Array(0);
      const files = Object.keys(metafile?.inputs ?? {}).filter((name) => !name.startsWith("<"));
      return {
        deployment: deploymentOf(code),
        code,
        files: files.map((name) => resolve(dirname(this.#file), name)),
        warnings: await this.#format(warnings, "warning"),
      };
    } catch (error) {
      const { errors } = error as Partial<Esbuild.BuildFailure>;
      if (errors === undefined) throw error;
      throw new BuildError((await this.#format(errors, "error")).join("\n"));
    }
  }

  /** Ends the bundler's own process, when nobody else uses it. */
  async close(): Promise<void> {
    if (!this.#context) return;
    await this.#context.dispose();
    this.#context = undefined;
    if (--open === 0) await this.#esbuild?.stop();
  }

  async #format(messages: readonly Esbuild.Message[], kind: "error" | "warning"): Promise<readonly string[]> {
    if (messages.length === 0 || !this.#esbuild) return [];
    const texts = await this.#esbuild.formatMessages([...messages], { kind, color: process.stdout.isTTY });
    return texts.map((text) => text.trimEnd());
  }
}

export const deploymentOf = (code: Uint8Array): string =>
  `dp_${createHash("sha256").update(code).digest("hex").slice(0, DEPLOYMENT_HASH_CHARS)}`;

function options(file: string): Esbuild.BuildOptions {
  const folder = dirname(file);
  const url = pathToFileURL(file).href;
  return {
    absWorkingDir: folder,
    stdin: { contents: entryOf(file), resolveDir: folder, sourcefile: "<entry>", loader: "js" },
    outfile: join(folder, "bundle.mjs"),
    write: false,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22",
    sourcemap: "inline",
    sourcesContent: false,
    // Sources are named relative to the file's folder, whereas the bundle runs in a folder of its own.
    sourceRoot: `${pathToFileURL(folder).href}/`,
    metafile: true,
    logLevel: "silent",
    // As CommonJS packages expect. A global, since a file may declare a `require` of its own.
    banner: {
      js: `import { createRequire as $createRequire } from "node:module"; globalThis.require ??= $createRequire(${JSON.stringify(url)});`,
    },
    define: {
      "import.meta.url": JSON.stringify(url),
      "import.meta.filename": JSON.stringify(file),
      "import.meta.dirname": JSON.stringify(folder),
      __filename: JSON.stringify(file),
      __dirname: JSON.stringify(folder),
    },
    plugins: [resolution],
  };
}

/** The default export is an array of definitions, or one definition; without one, the file serves by itself, or would. */
function entryOf(file: string): string {
  const from = (path: string): string => JSON.stringify(path);
  const own = (path: string): string => from(join(PACKAGE_ROOT, path + EXTENSION));
  return `
import * as user from ${from(file)};
import { createEndpoint } from ${own("sdk/endpoint")};
export { OperationalError } from ${own("lib/errors")};
const { default: exported } = user;
export const endpointOf = async (served) => createEndpoint(exported === undefined ? await served() : [exported].flat());
`;
}

const resolution: Esbuild.Plugin = {
  name: "perdure",
  setup(build) {
    // Always this installation's SDK, the one whose engine will run it.
    build.onResolve({ filter: /^perdure(\/|$)/ }, ({ path }) => {
      try {
        return { path: ownRequire.resolve(path) };
      } catch {
        return { errors: [{ text: `"${path}" is not something that the package perdure exports` }] };
      }
    });
    // Code that was written for Restate runs unchanged: with its own SDK it would serve nothing that is known here.
    build.onResolve({ filter: /^@restatedev\/restate-sdk(\/(fetch|lambda|node))?$/ }, ({ path }) => ({
      path: ownRequire.resolve(path.replace("@restatedev/restate-sdk", "perdure/restate")),
    }));
    // Native addons cannot be bundled; they are loaded from where they are.
    build.onResolve({ filter: /\.node$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path),
      external: true,
    }));
  },
};
