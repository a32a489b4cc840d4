/** Reads `.env` of the current folder for `perdure dev`: for the handlers, and for its own settings. What is set already counts more. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { CONFIG_BYTES_MAX } from "../lib/limits/cli.ts";
import { CommandError } from "./exit.ts";

const NAME = ".env";

export interface ReadEnv {
  readonly shownPath: string;
  /** How many variables it has set. */
  readonly set: number;
  /** Names that were set otherwise already, and stay so. */
  readonly kept: readonly string[];
}

/** `undefined`: there is none. */
export function readEnv(folder: string, environment: NodeJS.ProcessEnv): ReadEnv | undefined {
  const path = join(folder, NAME);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() !== true) return undefined;
  if (found.size > CONFIG_BYTES_MAX)
    throw new CommandError(`${path} is too long: at most ${CONFIG_BYTES_MAX} bytes`);
  const variables = Object.entries(parseEnv(readFileSync(path, "utf8")));
  const kept: string[] = [];
  let set = 0;
  for (const [name, value] of variables) {
    const before = environment[name];
    if (before === undefined) {
      environment[name] = value;
      set++;
    } else if (before !== value) kept.push(name);
  }
  return { shownPath: NAME, set, kept };
}
