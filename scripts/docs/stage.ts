/**
 * The folder that the site is built from: the documents, as they are on GitHub, with three changes.
 *
 * - Links lead to the pages of the site. A link to a file that is no page leads to the repository, if `PERDURE_DOCS_SOURCE` names its
 *   address (`https://example.com/perdure/blob/main`). Otherwise the link's text stays.
 * - Pictures that are written as Mermaid are drawn, once for light and once for dark pages. So the site loads no program to draw them.
 * - Comments are left out.
 */
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { renderMermaidSVG } from "beautiful-mermaid";
import { sitePath } from "./pages.ts";

export const ROOT = join(import.meta.dirname, "../..");

/** Documents that are pages. README.md is the repository's first page, docs/README.md the site's. */
const DOCUMENTS = [
  "docs/**/*.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "examples/README.md",
];
/** Other pages of the site that a document may link to: made when the site is built. */
const ELSEWHERE: Readonly<Record<string, string>> = { "README.md": "index.md" };
const IMAGES = "docs/**/*.{png,svg}";

const COLOURS = {
  light: { bg: "#ffffff", fg: "#27272a", muted: "#52525b" },
  dark: { bg: "#1b1b1f", fg: "#dfdfd6", muted: "#b4b4b0" },
} as const;

export function documents(): string[] {
  return globSync(DOCUMENTS, { cwd: ROOT }).toSorted();
}

/** Answers the text of each page on the site, by its document's path from the root. */
export function stage(folder: string): ReadonlyMap<string, string> {
  const pages = new Map<string, string>();
  const known = new Set(documents());
  for (const document of known) {
    const path = join(folder, sitePath(document));
    mkdirSync(dirname(path), { recursive: true });
    const text = withPictures(withCalculator(onTheSite(document, known)), path);
    writeIfChanged(path, text);
    pages.set(document, text);
  }
  for (const image of globSync(IMAGES, { cwd: ROOT }))
    cpSync(join(ROOT, image), join(folder, sitePath(image)));
  return pages;
}

/** What is served follows each file that is written. */
function writeIfChanged(path: string, text: string): void {
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
}

const FENCED = /^( *```[^]*?^ *```$)/gm;

/** Without comments, and with links of the site. Blocks of code stay as they are. */
export function onTheSite(document: string, known: ReadonlySet<string>): string {
  return readFileSync(join(ROOT, document), "utf8")
    .split(FENCED)
    .map((part, index) =>
      index % 2 === 1
        ? part.replace(/^( *```ts) fragment$/m, "$1")
        : part
            .replaceAll(/<!--[^]*?-->\n?/g, "")
            .replaceAll(/(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g, (link, bang, text, target) =>
              linkOnTheSite({ link, isImage: bang === "!", text, target, document, known }),
            ),
    )
    .join("");
}

interface Link {
  readonly link: string;
  readonly isImage: boolean;
  readonly text: string;
  readonly target: string;
  readonly document: string;
  readonly known: ReadonlySet<string>;
}

function linkOnTheSite({ link, isImage, text, target, document, known }: Link): string {
  if (/^([a-z]+:|#)/.test(target)) return link;
  const [, path = "", anchor = ""] = /^([^#]*)(#.*)?$/.exec(target) ?? [];
  const file = normalize(join(dirname(document), path)).replace(/\/$/, "");
  const from = dirname(sitePath(document));
  const to = known.has(file) ? sitePath(file) : ELSEWHERE[file];
  if (isImage) return `![${text}](${local(relative(from, sitePath(file)))})`;
  if (to !== undefined) return `[${text}](${local(relative(from, to))}${anchor})`;
  // A folder's page.
  if (known.has(`${file}/README.md`))
    return `[${text}](${local(relative(from, sitePath(`${file}/README.md`)))})`;
  if (!existsSync(join(ROOT, file))) throw new Error(`${document} links to ${target}, which is not there`);
  const source = process.env["PERDURE_DOCS_SOURCE"];
  const isFolder = statSync(join(ROOT, file)).isDirectory();
  return source === undefined ? text : `[${text}](${source}/${file}${isFolder ? "/" : ""}${anchor})`;
}

const local = (path: string): string => (path.startsWith(".") ? path : `./${path}`);

/** It is a page of its own, beside those that VitePress makes. */
const withCalculator = (text: string): string =>
  text.replace(
    /The site of these pages has a calculator: .*?\. /,
    '[Calculate it](/calculator/index.html){target="_self"} with your own numbers. ',
  );

function withPictures(text: string, path: string): string {
  let count = 0;
  return text.replaceAll(/^```mermaid\n([^]*?)^```$/gm, (_, source: string) => {
    const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.md$/, `-${++count}`);
    return (["light", "dark"] as const)
      .map((kind) => {
        const file = `${name}.${kind}.svg`;
        writeIfChanged(join(dirname(path), file), drawn(source, kind));
        return `![${alternative(source)}](./${file}){.picture .${kind}-only}`;
      })
      .join("\n");
  });
}

/** Fonts are the reader's own: nothing is loaded. */
const drawn = (source: string, kind: keyof typeof COLOURS): string =>
  renderMermaidSVG(source, { ...COLOURS[kind], font: "system-ui" }).replaceAll(/^ *@import .*\n/gm, "");

/** What a picture says, for those who do not see it: its words. */
function alternative(source: string): string {
  const words = [...source.matchAll(/[[({|"]+([^[\](){}|"]+)[\])}|"]+/g)].map(([, text = ""]) =>
    text.replaceAll("<br/>", " ").trim(),
  );
  return [...new Set(words)]
    .slice(0, 20)
    .join(", ")
    .replaceAll(/[[\]"]/g, "");
}
