/** The folder of a new project: it is empty before, and has the project's files after. */
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { NAMES_SHOWN_MAX } from "../../lib/limits/cli.ts";
import { CommandError } from "../exit.ts";

/** They are no part of a project, or are there before it. */
const IGNORED: ReadonlySet<string> = new Set([".git", ".DS_Store", "Thumbs.db"]);

/** What is in it and would be in the way. A folder that is not there is empty. */
export function inTheWay(folder: string): readonly string[] {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return [];
  if (!found.isDirectory()) throw new CommandError(`${folder} is a file. Name a folder.`);
  return readdirSync(folder)
    .filter((name) => !IGNORED.has(name))
    .toSorted();
}

/** Throws {@link CommandError} if there is something in the folder. It is not changed then. */
export function checkEmpty(folder: string): void {
  const names = inTheWay(folder);
  if (names.length === 0) return;
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(", ");
  const more = names.length > NAMES_SHOWN_MAX ? ` and ${names.length - NAMES_SHOWN_MAX} more` : "";
  throw new CommandError(`${folder} is not empty: it has ${shown}${more}`, {
    advice: "Name a new folder, or an empty one.",
  });
}

/** Overwrites nothing. */
export function writeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  try {
    for (const [path, text] of files) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text, { flag: "wx" });
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CommandError(`${folder} cannot be written: ${message}`, { cause: error });
  }
}
