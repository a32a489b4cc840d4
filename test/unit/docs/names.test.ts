/** Documents and comments name files, folders and npm scripts that exist. */
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./page.ts";

const ROOMS = "lib|runtime|sdk|infra|cli|examples|test|bench|docs|scripts|core|aws|peers";
const files = globSync("{*,.ci/*,{lib,runtime,sdk,infra,cli,examples,test,bench,docs,scripts,ui}/**/*}", {
  cwd: ROOT,
  exclude: (name) => name.includes("node_modules"),
});
const known = new Set(files);
const names = new Set(files.map((file) => basename(file)));
const sources = files.filter((file) => /\.(ts|mjs)$/.test(file));
const documents = files.filter((file) => file.endsWith(".md"));
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");

/** Files of users, and what is made by running something. */
const FOREIGN = new Set([
  "bench/peers/node_modules",
  "bench/results",
  "greeter.ts",
  "src/services.ts",
  "test/services.test.ts",
]);

/** A path from the root, from the file that names it, or the end of one; `…/*` and `{a,b}` are looked for. */
function exists(path: string, from: string): boolean {
  const bare = path.replace(/[.,:/]+$/, "").replace(/:\d+$/, "");
  // A place on another machine, or one that stands for any.
  if (FOREIGN.has(bare) || bare.startsWith("/") || /\b(NAME|NNNN)\b/.test(bare)) return true;
  if (/^docs\/decisions\/\d{4}$/.test(bare)) return files.some((file) => file.startsWith(bare));
  if (/[*{]/.test(bare)) return globSync(bare, { cwd: ROOT }).length > 0;
  const relative = join(dirname(from), bare);
  if (known.has(bare) || known.has(relative)) return true;
  if (!bare.includes("/")) return names.has(bare);
  return files.some((file) => file.endsWith(`/${bare.replace(/^(\.\.?\/)+/, "")}`));
}

const FILE = /(?<![\w./@$:-])((?:\.{0,2}\/)?(?:[\w.-]+\/)*[\w-][\w.-]*\.(?:ts|mjs|md|sqlite))\b(?!\()/g;
const IN_A_ROOM = new RegExp(`(?<![\\w./@-])(?:${ROOMS})/[\\w./*{},-]+`, "g");

const COMMENT = /\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm;
const commentsOf = (source: string): string =>
  (source.match(COMMENT) ?? [])
    .join("\n")
    // Code that shows how something is used is a user's.
    .replaceAll(/```[^]*?```/g, "");
/** What stands between backticks, but not what is shown as a block. */
const codeIn = (document: string): string =>
  (document.replaceAll(/^ *```[^]*?^ *```/gm, "").match(/`[^`\n]+`/g) ?? []).join("\n");

function missing(from: string, text: string): string[] {
  const paths = [...text.matchAll(FILE), ...text.matchAll(IN_A_ROOM)].map((match) => match[1] ?? match[0]);
  return [...new Set(paths)].filter((path) => !exists(path, from)).map((path) => `${from}: ${path}`);
}

test("there are some to look at", () => {
  expect(sources.length).toBeGreaterThan(200);
  expect(documents.length).toBeGreaterThan(20);
});

test("comments name files that exist", () => {
  expect(sources.flatMap((file) => missing(file, commentsOf(read(file))))).toEqual([]);
});

test("documents name files that exist", () => {
  expect(documents.flatMap((file) => missing(file, codeIn(read(file))))).toEqual([]);
});

test("comments and documents name npm scripts that exist", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const texts = [
    ...sources.map((file) => [file, commentsOf(read(file))]),
    ...documents.map((file) => [file, read(file)]),
  ];
  const unknown = texts.flatMap(([file = "", text = ""]) =>
    [...text.matchAll(/\bnpm run (?:-\S+ )*([\w:-]+)/g)]
      .map(([, name = ""]) => name)
      .filter((name) => !(name in scripts))
      .map((name) => `${file}: npm run ${name}`),
  );
  expect(unknown).toEqual([]);
});

/** "`name` in `file`" and "`name` (`file`)", the name being a function's, a method's or a constant's. */
const NAMED_IN_A_FILE = /`(#?\w+)`\s+(?:in\s+|\()`([\w./-]+\.ts)`/g;

test("documents name what is in the files", () => {
  const named = documents.flatMap((document) =>
    [...read(document).matchAll(NAMED_IN_A_FILE)]
      .map(([, name = "", path = ""]) => ({ document, name, path }))
      .filter(({ path }) => known.has(path)),
  );
  expect(named.length).toBeGreaterThan(20);
  const absent = named.filter(({ name, path }) => !read(path).includes(name));
  expect(absent).toEqual([]);
});
