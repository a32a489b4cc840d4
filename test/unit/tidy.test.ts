// Checks of the repository's files: names, leftovers, and that documents refer to things that exist.
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const thisFile = "test/unit/tidy.test.ts";

const sourceFiles = globSync(
  "{lib,sdk,runtime,infra,cli,ui,scripts,examples,bench,test}/**/*.{ts,tsx,mts,js,mjs,html,css}",
  { cwd: root, exclude: (name) => name.includes("node_modules") },
);
const codeFiles = sourceFiles.filter((file) => /\.(ts|tsx|mts|js|mjs)$/.test(file));
const documents = globSync(
  ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/**/*.md"],
  {
    cwd: root,
  },
);

function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** Every match of `pattern` as "file:line: text", so that a failure says where to look. */
function matches(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    read(file)
      .split("\n")
      .map((line, index) => ({ line, where: `${file}:${index + 1}: ${line.trim()}` }))
      .filter(({ line }) => pattern.test(line))
      .map(({ where }) => where),
  );
}

describe("source files", () => {
  test("there are some to look at", () => {
    expect(codeFiles).toContain(thisFile);
    expect(codeFiles.length).toBeGreaterThan(1);
  });

  test("have kebab-case names", () => {
    // People look for a folder's README, and for an error's page by its code.
    const segment = /^([a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*|README\.md|(META|RT)\d{4}\.md)$/;
    const badlyNamed = [...sourceFiles, ...documents.filter((file) => file.startsWith("docs"))].filter(
      (file) => !file.split("/").every((part) => segment.test(part)),
    );
    expect(badlyNamed).toEqual([]);
  });

  test("are not named after what they are not", () => {
    const vague = new Set(["util", "utils", "helper", "helpers", "common", "manager", "managers"]);
    const stem = (part: string) => basename(part).replace(/\..*$/, "");
    expect(sourceFiles.filter((file) => file.split("/").some((part) => vague.has(stem(part))))).toEqual([]);
  });

  test("hold no leftovers", () => {
    const files = codeFiles.filter((file) => file !== thisFile);
    expect(matches(files, /\b(TODO|FIXME)\b|\b(describe|suite|test|it)\.(only|skip)\(/)).toEqual([]);
  });

  test("hold no any", () => {
    const files = codeFiles.filter((file) => file !== thisFile);
    // A type ends there: "(default 8080; 0: any free one)" is text, `: any(` calls a function.
    const outsideComments = /^(?!\s*(\/\/|\/?\*)).*(?::|\bas) any\s*(?:[;,)=|&\]>[{]|$)/;
    expect(matches(files, outsideComments)).toEqual([]);
  });
});

describe("documents", () => {
  test("there are as many to look at as there are files of that name", () => {
    // A document may be missing. One that exists must be among those checked.
    for (const name of ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]) {
      expect(documents.includes(name)).toBe(existsSync(join(root, name)));
    }
  });

  test("hold no conflict of a merge", () => {
    expect(matches(documents, /^(<{7}|>{7}|={7})( |$)/)).toEqual([]);
  });

  test("link only to files that exist", () => {
    const broken = documents.flatMap((document) => {
      const prose = read(document).replaceAll(/^ *```.*?^ *```/gms, "");
      return [...prose.matchAll(/\]\(<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)]
        .map((match) => (match[1] ?? match[2] ?? "").replace(/[#?].*$/, ""))
        .filter((target) => target !== "" && !/^[a-z]+:/.test(target))
        .filter((target) => !existsSync(join(root, normalize(join(dirname(document), target)))))
        .map((target) => `${document}: ${target}`);
    });
    expect(broken).toEqual([]);
  });

  test("name only npm scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const unknown = documents.flatMap((document) =>
      [...read(document).matchAll(/\bnpm (?:run|run-script) (?:-\S+ )*([\w:-]+)/g)]
        .map((match) => match[1] ?? "")
        .filter((name) => !(name in scripts))
        .map((name) => `${document}: npm run ${name}`),
    );
    expect(unknown).toEqual([]);
  });
});
