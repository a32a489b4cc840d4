/** The documentation's site: no document is left out, and links lead somewhere there as they do in the repository. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { cliReference } from "../../../scripts/docs/cli-reference.ts";
import { llms } from "../../../scripts/docs/llms.ts";
import { GROUPS, sitePath } from "../../../scripts/docs/pages.ts";
import { documents, onTheSite } from "../../../scripts/docs/stage.ts";
import { ROOT } from "./page.ts";

const pages = documents();
const known = new Set(pages);
const texts = new Map(pages.map((page) => [page, onTheSite(page, known)]));
const LINK = /\]\((?![a-z]+:)([^()\s]*)\)/g;
const FENCED = /^ *```[^]*?^ *```$/gm;

test("its sidebar has each document once, and nothing else", () => {
  const listed = GROUPS.flatMap((group) => group.pages);
  // The first page is reached by the site's name.
  expect(listed.toSorted()).toEqual(pages.filter((page) => page !== "docs/README.md"));
});

test("no two documents become one page", () => {
  expect(new Set(pages.map(sitePath)).size).toBe(pages.length);
});

/** As GitHub and VitePress make them from a heading. */
function anchors(text: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading = ""] of text.replaceAll(FENCED, "").matchAll(/^#{1,6} (.*)$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll(/[`*]/g, "");
    const slug = plain
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-");
    found.add(found.has(slug) ? `${slug}-1` : slug);
  }
  return found;
}

describe.each(pages)("%s", (page) => {
  test("links to headings that are there", () => {
    const source = readFileSync(join(ROOT, page), "utf8").replaceAll(FENCED, "");
    const absent = [...source.matchAll(LINK)]
      .map(([, target = ""]) => target)
      .filter((target) => target.includes("#"))
      .filter((target) => {
        const [path = "", anchor = ""] = target.split("#");
        const file = path === "" ? page : normalize(join(dirname(page), path));
        return file.endsWith(".md") && !anchors(readFileSync(join(ROOT, file), "utf8")).has(anchor);
      });
    expect(absent).toEqual([]);
  });

  test("links to pages of the site, and to nothing that is not on it", () => {
    const targets = new Set([...pages.map(sitePath), "commands.md"]);
    const dead = [...(texts.get(page) ?? "").replaceAll(FENCED, "").matchAll(LINK)]
      .map(([, target = ""]) => target.replace(/#.*/, ""))
      .filter((target) => target.endsWith(".md"))
      .filter((target) => !targets.has(normalize(join(dirname(sitePath(page)), target))));
    expect(dead).toEqual([]);
  });
});

test("its list for language models names each page that users read, with a sentence", () => {
  const { index, full } = llms(texts);
  for (const document of ["docs/quickstart.md", "docs/cli.md", "docs/guide/services.md"])
    expect(index).toMatch(new RegExp(`\\(/${sitePath(document).replaceAll(".", "\\.")}\\): \\S+ \\S+`));
  expect(index).not.toMatch(/: $/m);
  expect(full).toContain("# Quickstart");
});

test("its reference of the command line has each command", () => {
  const reference = cliReference();
  for (const command of [
    "perdure dev",
    "perdure invocations list",
    "perdure events send",
    "perdure verify-aws",
  ])
    expect(reference).toContain(`## \`${command}\``);
});

test("documents for users name no rule without a link to it", () => {
  const forBuilders =
    /^(ARCHITECTURE|CONTRIBUTING)\.md$|^docs\/(decisions\/|protocol|journal-format|guarantees|parity|benchmarks)/;
  const riddles = pages
    .filter((page) => !forBuilders.test(page))
    .flatMap((page) =>
      [...readFileSync(join(ROOT, page), "utf8").matchAll(/\((?:[MRJWPD]\d+(?:, )?)+\)/g)].map(
        ([riddle]) => `${page}: ${riddle}`,
      ),
    );
  expect(riddles).toEqual([]);
});

test("pictures that documents show are there", () => {
  const missing = pages.flatMap((page) =>
    [...readFileSync(join(ROOT, page), "utf8").matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)]
      .map(([, path = ""]) => path)
      .filter((path) => !existsSync(join(ROOT, dirname(page), path)))
      .map((path) => `${page}: ${path}`),
  );
  expect(missing).toEqual([]);
});
