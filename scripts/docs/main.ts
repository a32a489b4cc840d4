/**
 * The documentation's site: `npm run docs:build` makes it in `.docs-site/.vitepress/dist`, `npm run docs:dev` serves it and follows
 * the documents.
 */
import { cpSync, mkdirSync, rmSync, watch, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildSync } from "esbuild";
import { build, createServer } from "vitepress";
import { writeApiReference } from "./api-reference.ts";
import { cliReference } from "./cli-reference.ts";
import { llms } from "./llms.ts";
import { sitePath } from "./pages.ts";
import { ROOT, stage } from "./stage.ts";

const SITE = join(ROOT, ".docs-site");
const SETTLED_MS = 200;

/** All that the site is built from, but for the API reference, which takes some seconds. */
function stageAll(): void {
  const pages = stage(SITE);
  writeFileSync(join(SITE, "commands.md"), cliReference());
  mkdirSync(join(SITE, "public"), { recursive: true });
  const { index, full } = llms(pages);
  // Each page is there as Markdown, too: the list names those.
  for (const [document, text] of pages) {
    const path = join(SITE, "public", sitePath(document));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  writeFileSync(join(SITE, "public/llms.txt"), index);
  writeFileSync(join(SITE, "public/llms-full.txt"), full);
  const calculator = join(SITE, "public/calculator");
  cpSync(join(import.meta.dirname, "calculator.html"), join(calculator, "index.html"));
  buildSync({
    entryPoints: [join(import.meta.dirname, "calculator.ts")],
    outfile: join(calculator, "model.js"),
    bundle: true,
    format: "esm",
  });
  const here = (name: string): string => JSON.stringify(join(import.meta.dirname, name));
  mkdirSync(join(SITE, ".vitepress/theme"), { recursive: true });
  writeFileSync(join(SITE, ".vitepress/config.ts"), `export { default } from ${here("config.ts")};\n`);
  writeFileSync(
    join(SITE, ".vitepress/theme/index.ts"),
    `import ${here("theme.css")};\nexport { default } from "vitepress/theme-without-fonts";\n`,
  );
}

/** While somebody writes, a link may lead nowhere for a moment. */
function restage(): void {
  try {
    stage(SITE);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
}

rmSync(SITE, { recursive: true, force: true });
const [command = "build"] = process.argv.slice(2);
stageAll();
await writeApiReference(join(SITE, "api"));
if (command === "build") await build(SITE);
else {
  const server = await createServer(SITE);
  await server.listen();
  server.printUrls();
  let later: NodeJS.Timeout | undefined;
  watch(join(ROOT, "docs"), { recursive: true }, () => {
    clearTimeout(later);
    later = setTimeout(restage, SETTLED_MS);
  });
}
