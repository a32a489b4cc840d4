/** Refuses an older Node. Without it, Node would fail at the first module that it lacks, and not say why. */
import { CommandError } from "./exit.ts";

/** The same as `engines` in package.json, for which npm only warns. */
export const NODE_MIN = "22.13";

/** Throws {@link CommandError} for a Node that is too old. */
export function checkNode(version: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [majorMin = 0, minorMin = 0] = NODE_MIN.split(".").map(Number);
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return;
  throw new CommandError(
    `this is Node ${version} (${process.execPath}). Perdure needs Node ${NODE_MIN} or newer.`,
  );
}
