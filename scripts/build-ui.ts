/**
 * Builds the web UI: `npm run build:ui`. Puts into dist/ui a page, a script and a style sheet, whose names tell their contents,
 * so that a browser may keep them; and prints their sizes as they travel.
 */
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const ROOT = new URL("../", import.meta.url);
const SOURCE = new URL("ui/", ROOT);
const TARGET = new URL("dist/ui/", ROOT);
/** What all files together may weigh, with gzip. */
const GZIPPED_BYTES_MAX = 300_000;

/** What to do about each error: the pages of docs/errors, which the UI shows where the error is. */
function errorPages(): Readonly<Record<string, string>> {
  const folder = new URL("docs/errors/", ROOT);
  const names = readdirSync(folder).filter((name) => name.endsWith(".md"));
  return Object.fromEntries(
    names.map((name) => [name.slice(0, -".md".length), readFileSync(new URL(name, folder), "utf8")]),
  );
}

const { outputFiles } = await build({
  entryPoints: [
    { in: new URL("main.tsx", SOURCE).pathname, out: "main" },
    { in: new URL("style/all.css", SOURCE).pathname, out: "style" },
  ],
  ...{ bundle: true, minify: true, write: false, outdir: TARGET.pathname, format: "esm" },
  ...{ target: "es2022", legalComments: "none", jsx: "automatic", jsxImportSource: "preact" },
});

const bytes = new Map<string, Uint8Array>();
let page = readFileSync(new URL("index.html", SOURCE), "utf8");
for (const file of outputFiles) {
  const extension = file.path.slice(file.path.lastIndexOf(".") + 1);
  const name = `main-${createHash("sha256").update(file.contents).digest("hex").slice(0, 12)}.${extension}`;
  bytes.set(name, file.contents);
  page = page.replace(`/ui/main.${extension}`, `/ui/${name}`);
}
bytes.set("icon.svg", readFileSync(new URL("icon.svg", SOURCE)));
bytes.set("index.html", Buffer.from(page));
bytes.set("errors.json", Buffer.from(JSON.stringify(errorPages())));

rmSync(TARGET, { recursive: true, force: true });
mkdirSync(TARGET, { recursive: true });
let total = 0;
for (const [name, contents] of bytes) {
  writeFileSync(new URL(name, TARGET), contents);
  const gzipped = gzipSync(contents).byteLength;
  total += gzipped;
  console.log(`${name}  ${contents.byteLength} bytes, ${gzipped} with gzip`);
}
console.log(`ui: ${total} bytes with gzip`);
if (total > GZIPPED_BYTES_MAX) throw new Error(`the UI may weigh ${GZIPPED_BYTES_MAX} bytes with gzip`);
