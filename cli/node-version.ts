/** An older Node would fail on the first module that it does not have, with an error that does not say why. */
import { CommandError } from "./command.ts";

/** As `engines` in package.json has it, which npm only warns of. */
export const NODE_MIN = "22.13";

/** Throws {@link CommandError} for a Node that is too old. */
export function checkNode(version: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [majorMin = 0, minorMin = 0] = NODE_MIN.split(".").map(Number);
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return;
  throw new CommandError(`needs Node ${NODE_MIN} or newer; this is ${version} (${process.execPath})`);
}
