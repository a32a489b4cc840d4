/** Says so when files take long to be loaded: a top-level `await` that never ends looks like nothing at all. */
import { readFileSync, statSync } from "node:fs";
import { basename, sep } from "node:path";
import { SLOW_LOAD_MS, SOURCE_FILE_BYTES_MAX } from "../../lib/limits/local.ts";

/** An `await` in a statement that begins a line is one of the file's own, as people and formatters write it. */
const AWAITS = /^(?!\s|\/\/|\/?\*|.*\basync\b).*\bawait\b/u;

/** Runs `load`, and tells if it takes long. `files`: what is loaded. `before`: what is so meanwhile. */
export async function toldIfSlow<T>(
  load: () => Promise<T>,
  { files, before, tell }: { files: readonly string[]; before: string; tell: (message: string) => void },
): Promise<T> {
  const timer = setTimeout(() => tell(`${stillLoading(files)}${before}`), SLOW_LOAD_MS);
  timer.unref();
  try {
    return await load();
  } finally {
    clearTimeout(timer);
  }
}

function stillLoading(files: readonly string[]): string {
  const seconds = `the code has been loading for ${SLOW_LOAD_MS / 1000} s.`;
  const [place] = files.flatMap(topLevelAwaits);
  const where = place === undefined ? "" : ` The first one is in ${place}.`;
  return `${seconds} Does it wait for something outside of its handlers, with an await at the top level?${where}`;
}

function topLevelAwaits(file: string): readonly string[] {
  if (file.includes(`${sep}node_modules${sep}`) || isLong(file)) return [];
  const lines = read(file).split("\n");
  const at = lines.findIndex((line) => AWAITS.test(line));
  return at < 0 ? [] : [`${basename(file)}:${at + 1}`];
}

const isLong = (file: string): boolean =>
  (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > SOURCE_FILE_BYTES_MAX;

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
