/** Commands that the pages show exist, with the options that they show. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { program } from "../../../cli/program.ts";
import { ROOT } from "./page.ts";

const root = program();
const pages = globSync(["*.md", "docs/**/*.md", "examples/README.md"], { cwd: ROOT });
/** In blocks and between backticks. */
const SHOWN = /(?:npx perdure|npm run perdure --|(?<=`)perdure) ([^\n`]+)/g;

/** Commands of another program follow behind these, and a comment. */
const withoutRest = (command: string): string => command.split(/ (?:\||&&|#|>) ?/)[0] ?? "";

/** The command that words name, with those above it; and the words that are left. */
function commandOf(words: readonly string[]): { path: CommandUnknownOpts[]; rest: readonly string[] } {
  const path: CommandUnknownOpts[] = [root];
  for (let at = 0; ; at++) {
    const word = words[at] ?? "";
    const child = path.at(-1)?.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (!child) return { path, rest: words.slice(at) };
    path.push(child);
  }
}

/** `perdure` alone, `perdure.toml`, "perdure prints …" are none. */
const isCommand = (word: string): boolean =>
  /^[a-z][a-z-]*$/.test(word) && !/^(is|has|for|and|or|to)$/.test(word);

function complaint(command: string): string | undefined {
  const words = withoutRest(command).match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  const { path, rest } = commandOf(words);
  const [word = ""] = rest;
  const last = path.at(-1) ?? root;
  if (last === root) return isCommand(word) ? `there is no ${word}` : undefined;
  const isGroup = last.commands.length > 0 && last.registeredArguments.length === 0;
  if (isGroup && isCommand(word)) return `${last.name()} has no ${word}`;
  return unknownOption(path, rest);
}

function unknownOption(path: readonly CommandUnknownOpts[], rest: readonly string[]): string | undefined {
  const known = path.flatMap((each) => each.options.flatMap(({ long, short }) => [long, short]));
  const unknown = rest
    .filter((each) => /^--?[a-z]/.test(each))
    .map((each) => each.replace(/[=,.;:)].*$/, ""))
    .find((each) => !known.includes(each) && each !== "--help" && each !== "--version");
  return unknown === undefined ? undefined : `${path.at(-1)?.name()} has no ${unknown}`;
}

const shown = pages.flatMap((page) =>
  [...readFileSync(join(ROOT, page), "utf8").matchAll(SHOWN)].map(([, command = ""]) => ({ page, command })),
);

test("there are some", () => {
  expect(shown.length).toBeGreaterThan(100);
});

test("each is there, with its options", () => {
  const wrong = shown.flatMap(({ page, command }) => {
    const what = complaint(command);
    return what === undefined ? [] : [`${page}: perdure ${command}: ${what}`];
  });
  expect(wrong).toEqual([]);
});

test("a wrong one is found", () => {
  expect(complaint("list --all")).toBe("there is no list");
  expect(complaint("state look Cart/ada")).toBe("state has no look");
  expect(complaint("ls --nothing")).toBe("ls has no --nothing");
  expect(complaint("resume inv_1 --deployment latest")).toBeUndefined();
});
