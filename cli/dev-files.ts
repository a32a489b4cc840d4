/** Which files `perdure dev` serves: those that are named, those of a folder, those that a pattern finds. */
import { globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { SERVED_FILES_MAX } from "../lib/limits/cli.ts";
import { CommandError } from "./exit.ts";
import { didYouMean } from "./suggest.ts";

const PATTERN = /[*?[\]{}]/u;
const SOURCE = /\.[cm]?[jt]sx?$/u;
/** Of a folder: what is no program of its own. */
const NO_PROGRAM = /\.d\.[cm]?ts$|\.(?:test|spec|config)\.[cm]?[jt]sx?$/u;
const NOT_ENTERED: ReadonlySet<string> = new Set(["node_modules", "dist", "build", "test", "tests"]);
/** What a file imports that makes services. */
const SDK =
  /["'](?:perdure(?:\/(?:restate(?:\/\w+)?|lambda|serve))?|@restatedev\/restate-sdk(?:\/\w+)?)["']/u;

/** Absolute paths, each once. Throws {@link CommandError} for what is not there, and for a folder or a pattern without services. */
export function servedFiles(folder: string, given: readonly string[]): readonly string[] {
  const files = [...new Set(given.flatMap((each) => filesOf(folder, each)))];
  if (files.length <= SERVED_FILES_MAX) return files;
  throw new CommandError(
    `${files.length} files are more than the ${SERVED_FILES_MAX} that perdure dev serves. Name a smaller folder.`,
  );
}

function filesOf(folder: string, given: string): readonly string[] {
  const path = resolve(folder, given);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === true) return [path];
  if (found?.isDirectory() === true) return ofFolder(path, given);
  if (found !== undefined) throw new CommandError(`${given} is neither a file nor a folder.`);
  if (PATTERN.test(given)) return ofPattern(folder, given);
  throw new CommandError(`there is no file ${path}.${similar(path)}`);
}

function ofFolder(path: string, given: string): readonly string[] {
  const files = sourcesIn(path).filter(makesServices);
  if (files.length > 0) return files;
  throw new CommandError(`no file in ${given} imports perdure. Name the file that exports your services.`);
}

function ofPattern(folder: string, pattern: string): readonly string[] {
  const files = globSync(pattern, { cwd: folder })
    .map((found) => resolve(folder, found))
    .filter((path) => SOURCE.test(path) && !isApart(relative(folder, path)) && statSync(path).isFile());
  if (files.length > 0) return files.toSorted();
  throw new CommandError(`no file matches ${pattern}.`);
}

const isApart = (path: string): boolean => NO_PROGRAM.test(path) || path.split(sep).includes("node_modules");

/** Sorted, so that the same folder makes the same code. */
function sourcesIn(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    if (entry.name.startsWith(".")) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_ENTERED.has(entry.name) ? [] : sourcesIn(path);
    return entry.isFile() && SOURCE.test(entry.name) && !NO_PROGRAM.test(entry.name) ? [path] : [];
  });
}

function makesServices(path: string): boolean {
  return SDK.test(readFileSync(path, "utf8"));
}

function similar(path: string): string {
  try {
    const names = readdirSync(dirname(path)).filter((name) => SOURCE.test(name));
    return didYouMean(basename(path), names);
  } catch {
    return "";
  }
}
