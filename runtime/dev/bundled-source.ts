/**
 * What a source file knows of itself, in a bundle: its place, and whether it was started or imported. A bundle is one module in
 * another folder, so `import.meta` and `require.main` would speak of that. They are replaced, and the lines stay the lines.
 */
import { readFile } from "node:fs/promises";
import { basename, dirname, extname, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Esbuild from "esbuild";

/** As esbuild reads it: without flags. */
const SOURCE = /\.[cm]?[jt]sx?$/;
const MENTIONS = /\bimport\.meta\b|\brequire\.main\b|\b__(?:dir|file)name\b/u;
const META = /\bimport\.meta\.(url|filename|dirname|main)\b/gu;
const PLACE = /\b__(?:dir|file)name\b/u;
const DECLARES_PLACE = /\b(?:const|let|var)\s+(?:\{[^}]*)?__(?:dir|file)name\b/u;
const IS_MAIN = /\brequire\.main\s*([!=])==?\s*module\b|\bmodule\s*([!=])==?\s*require\.main\b/gu;
/** A script's first line may name its program. */
const PROGRAM = /^#!.*\n/u;

/** `entries`: absolute paths of the files that are served. They count as started. Packages are left as they are. */
export const ownPlaces = (entries: ReadonlySet<string>): Esbuild.Plugin => ({
  name: "perdure-places",
  setup(build) {
    build.onLoad({ filter: SOURCE, namespace: "file" }, async ({ path }) => {
      if (path.includes(`${sep}node_modules${sep}`)) return undefined;
      const source = await readFile(path, "utf8").catch(() => "");
      if (!MENTIONS.test(source)) return undefined;
      return { contents: placed(source, path, entries.has(path)), loader: loaderOf(path) };
    });
  },
});

export function placed(source: string, path: string, isMain: boolean): string {
  const here = {
    ...{ url: pathToFileURL(path).href, filename: path, dirname: dirname(path), main: isMain },
  };
  const text = source
    .replaceAll(IS_MAIN, (_match, first?: string, second?: string) =>
      String(((first ?? second) === "=") === isMain),
    )
    .replaceAll(META, "$perdureFile.$1");
  const names = [
    ...(text.includes("$perdureFile.") ? [`$perdureFile = ${JSON.stringify(here)}`] : []),
    ...(PLACE.test(text) && !DECLARES_PLACE.test(text)
      ? [`__dirname = ${JSON.stringify(here.dirname)}`, `__filename = ${JSON.stringify(here.filename)}`]
      : []),
  ];
  if (names.length === 0) return text;
  const program = PROGRAM.exec(text)?.[0] ?? "";
  return `${program}var ${names.join(", ")}; ${text.slice(program.length)}`;
}

const loaderOf = (path: string): Esbuild.Loader => {
  const kind = extname(basename(path)).slice(1);
  return kind === "tsx" ? "tsx" : kind === "jsx" ? "jsx" : kind.includes("t") ? "ts" : "js";
};
