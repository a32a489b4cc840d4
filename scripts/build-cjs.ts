/**
 * Completes `dist` after the compiler: a CommonJS build in `dist/cjs` of what the package exports, and no declaration that nobody
 * can import.
 *
 * It is for programs that cannot load ES modules with `require`: Jest, and compilers that resolve as Node 10 did. Node itself, and
 * every bundler, is given the ES modules also for `require` (the conditions `module-sync` and `module` in package.json), so a
 * program has one copy of Perdure.
 *
 * A module keeps its text and its place. Only its imports and exports are translated. So both builds do the same.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { build, transform } from "esbuild";

const ROOT = join(import.meta.dirname, "..");
const DIST = join(ROOT, "dist");
const CJS = join(DIST, "cjs");

interface Entry {
  readonly types?: string | { readonly require?: string; readonly default?: string };
  readonly require?: string;
  readonly default?: string;
}
interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, Entry | string>>;
}

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
const entries = Object.values(manifest.exports).filter((entry): entry is Entry => typeof entry === "object");
/** The ES module of each entry that has a CommonJS one. */
const dual = entries.flatMap(({ require: cjs, default: esm }) => (cjs && esm ? [join(ROOT, esm)] : []));

/** What these modules load, they included. */
async function loadedBy(modules: readonly string[]): Promise<readonly string[]> {
  const { metafile } = await build({
    entryPoints: [...modules],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    metafile: true,
    outdir: CJS,
    format: "esm",
    platform: "node",
    packages: "external",
    logLevel: "error",
  });
  return Object.keys(metafile.inputs).map((input) => join(ROOT, input));
}

const IMPORTED = /(?:from|import)\s*\(?\s*"(\.[^"]+)\.[jt]s"/gu;

/** The declarations that these ones name, they included. */
function declarationsOf(roots: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...roots];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(IMPORTED))
      open.push(resolve(dirname(file), `${path}.d.ts`));
  }
  return found;
}

/**
 * In CommonJS a module knows its place by other names. The constructs name files of the ES modules' build, such as the code of the
 * runtime's functions, so they are told the place of their ES module.
 */
function bannerOf(module: string, code: string): string {
  if (!code.includes("import.meta")) return "";
  const isConstruct = relative(DIST, module).startsWith("infra");
  const other = relative(dirname(inCjs(module)), module).replaceAll("\\", "/");
  const here = isConstruct ? `require("node:path").join(__dirname, ${JSON.stringify(other)})` : "__filename";
  return `const $filename = ${here}, $dirname = require("node:path").dirname($filename), $url = require("node:url").pathToFileURL($filename).href;`;
}

const inCjs = (file: string): string => join(CJS, relative(DIST, file));

async function translate(module: string): Promise<void> {
  const source = readFileSync(module, "utf8");
  const { code } = await transform(source, {
    format: "cjs",
    platform: "node",
    target: "node22",
    // Jest has no `import()` for CommonJS.
    supported: { "dynamic-import": false },
    banner: bannerOf(module, source),
    define: {
      "import.meta.url": "$url",
      "import.meta.filename": "$filename",
      "import.meta.dirname": "$dirname",
    },
  });
  mkdirSync(dirname(inCjs(module)), { recursive: true });
  writeFileSync(inCjs(module), code);
}

/** The same text, which a compiler takes for CommonJS by its place. It shares the map to the source. */
function copyDeclaration(file: string): void {
  const target = inCjs(file);
  mkdirSync(dirname(target), { recursive: true });
  const map = relative(dirname(target), `${file}.map`).replaceAll("\\", "/");
  const text = readFileSync(file, "utf8");
  writeFileSync(target, text.replace(/(# sourceMappingURL=).*/u, `$1${map}`));
}

/** Without those that nothing exported names. */
function pruneDeclarations(kept: ReadonlySet<string>): void {
  for (const name of readdirSync(DIST, { recursive: true, encoding: "utf8" })) {
    const file = join(DIST, name);
    if (!/\.d\.ts(?:\.map)?$/u.test(name) || !statSync(file).isFile()) continue;
    if (!kept.has(file.replace(/\.map$/u, ""))) rmSync(file);
  }
}

/** By the names of the ES modules' declarations. */
const typesOf = (condition: "require" | "default"): string[] =>
  entries.flatMap(({ types = {} }) => {
    const file = typeof types === "object" ? types[condition] : condition === "default" ? types : undefined;
    return file === undefined ? [] : [file.replace("/cjs/", "/")];
  });
const named = (files: readonly string[]): ReadonlySet<string> =>
  declarationsOf([...new Set(files)].map((file) => join(ROOT, file)));

rmSync(CJS, { recursive: true, force: true });
mkdirSync(CJS, { recursive: true });
writeFileSync(join(CJS, "package.json"), `${JSON.stringify({ type: "commonjs" })}\n`);
const modules = await loadedBy(dual);
await Promise.all(modules.map(translate));
pruneDeclarations(named([...typesOf("default"), ...typesOf("require")]));
for (const file of named(typesOf("require"))) copyDeclaration(file);
if (!existsSync(join(CJS, "sdk", "index.js"))) throw new Error("dist/cjs has no module of the SDK");
console.log(`cjs: ${modules.length} modules`);
