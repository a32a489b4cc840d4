/** A stack for its reader: the frames of the user's code, and of the others how many there are. */
import { withoutOwnFrames } from "../dev-console.ts";

const FRAME = /^\s+at /u;
/** What is neither the user's code nor this package's. */
const LIBRARIES = ["node_modules/", "node:"];

/** `all`: every frame. */
export function framesOf(stack: string, all: boolean): string[] {
  const frames = stack.split("\n").filter((line) => FRAME.test(line));
  const own = withoutOwnFrames(frames.join("\n"))
    .split("\n")
    .filter((line) => line !== "" && !LIBRARIES.some((place) => line.includes(place)));
  const hidden = frames.length - own.length;
  if (all || own.length === 0 || hidden === 0) return frames;
  return [...own, `    … and ${hidden} frame${hidden === 1 ? "" : "s"} of Node.js and libraries (--full)`];
}
