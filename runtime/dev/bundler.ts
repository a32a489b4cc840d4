/**
 * Makes one module, a bundle, of the user's file and all that it imports: a deployment of the local server. One copy of the
 * SDK is in it. So the code of an invocation in flight stays the same, even if files are edited or packages updated.
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
  readonly #file: string;
  #context: Esbuild.BuildContext | undefined;
  #esbuild: typeof Esbuild | undefined;

  /** `file`: absolute. */
  constructor(file: string) {
    this.#file = file;
  }

  /** Bundles the files as they are now. Throws {@link BuildError}. */
  async build(): Promise<Bundle> {
    // Loaded here, because nothing else in the engine needs it.
    this.#esbuild ??= await import("esbuild");
    if (!this.#context) {
      open++;
      this.#context = await this.#esbuild.context(optionsFor(this.#file));
    }
    try {
      const { outputFiles = [], metafile, warnings } = await this.#context.rebuild();
      const code = outputFiles[0]?.contents ?? new Uint8Array(0);
      const files = Object.keys(metafile?.inputs ?? {}).filter((name) => !name.startsWith("<"));
      return {
        deployment: deploymentIdOf(code),
        code,
        files: files.map((name) => resolve(dirname(this.#file), name)),
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
    const texts = await this.#esbuild.formatMessages([...messages], { kind, color: process.stdout.isTTY });
    return texts.map((text) => text.trimEnd());
  }
}

export const deploymentIdOf = (code: Uint8Array): string =>
  `dp_${createHash("sha256").update(code).digest("hex").slice(0, DEPLOYMENT_HASH_CHARS)}`;

function optionsFor(file: string): Esbuild.BuildOptions {
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
    // Sources are named relative to the file's folder. The bundle runs in another folder.
    sourceRoot: `${pathToFileURL(folder).href}/`,
    metafile: true,
    logLevel: "silent",
    // CommonJS packages expect it. It is a global, because a file may declare its own `require`.
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

/** The default export is an array of definitions, or one definition. Without it, the file's own calls of `serve` count. */
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
