/**
 * Bundles files of this repository, such as the examples, as a program that serves them with `@restatedev/restate-sdk`. That is Restate's published SDK, or by an
 * alias `perdure/restate`. The programs are the same to the character.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export type Side = "restate" | "perdure";

export const EXAMPLES = ["01-greeter", "02-bank-account", "03-order-saga", "04-signup"].map(
  (name) => `examples/${name}.ts`,
);

const SDK: Record<Side, string> = {
  restate: join(ROOT, "bench/peers/node_modules/@restatedev/restate-sdk"),
  perdure: join(ROOT, "sdk/restate/index.ts"),
};

/** The examples import Perdure's names. Restate's SDK has another name for this one only. */
const NAMES = `
export * from "@restatedev/restate-sdk";
export { RestatePromise as DurablePromise } from "@restatedev/restate-sdk";
`;

const serving = (files: readonly string[]): string => `
${files.map((file, nth) => `import s${nth} from "./${file}";`).join("\n")}
import { serve } from "@restatedev/restate-sdk";
await serve({ services: [${files.map((_, nth) => `...s${nth}`).join(", ")}] });
`;

/** Writes a program that serves the files to the folder, and returns its path. Throws if they do not compile. */
export async function bundleFor(side: Side, folder: string, files: readonly string[]): Promise<string> {
  const names = join(folder, `names-of-${side}.mts`);
  writeFileSync(names, NAMES);
  checkTypes(side, names, folder, files);
  const outfile = join(folder, `${side}.mjs`);
  await build({
    stdin: { contents: serving(files), resolveDir: ROOT, loader: "ts", sourcefile: "serve.ts" },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
    conditions: ["perdure-source"],
    alias: { "@restatedev/restate-sdk": SDK[side], perdure: names },
    // CommonJS packages call `require`.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  return outfile;
}

/** With the compiler's options of this repository. */
function checkTypes(side: Side, names: string, folder: string, files: readonly string[]): void {
  const types = side === "restate" ? join(SDK.restate, "dist/index.d.ts") : SDK.perdure;
  const project = join(folder, `tsconfig.${side}.json`);
  const config = {
    extends: join(ROOT, "tsconfig.json"),
    compilerOptions: {
      typeRoots: [join(ROOT, "node_modules/@types")],
      paths: { "@restatedev/restate-sdk": [types], perdure: [names] },
    },
    include: files.map((file) => join(ROOT, file)),
    exclude: [],
  };
  writeFileSync(project, JSON.stringify(config));
  const { status, stdout } = spawnSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", project], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the examples do not compile against ${types}:\n${stdout}`);
}
