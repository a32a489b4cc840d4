/** A stack for its reader: the user's own lines first, those of libraries and of Node folded. */

export interface Frame {
  /** The function; empty: none is named. */
  readonly name: string;
  /** Its file, line and column. */
  readonly place: string;
  readonly isMine: boolean;
}

const LINE = /^\s*at (?:(?<name>.+?) \()?(?<place>[^()]+)\)?$/u;
const LINES_MAX = 100;
const OTHERS = /node_modules|^node:|^internal\/|\/perdure\/|perdure-source|\/sdk\/|\/lib\/turn\//u;

export function framesIn(stack: string): readonly Frame[] {
  return stack
    .split("\n")
    .slice(0, LINES_MAX)
    .flatMap((line): Frame[] => {
      const { name = "", place } = LINE.exec(line)?.groups ?? {};
      if (place === undefined) return [];
      const clean = placeOf(place);
      return [{ name: nameOf(name), place: clean, isMine: !OTHERS.test(place) && !place.startsWith("<") }];
    });
}

const nameOf = (name: string): string =>
  name
    .replace(/^async /u, "")
    .replace(/^(Object|Module)\./u, "")
    .replace(/^<anonymous>$/u, "");

/** Without the machine's folders, as far as they can be told from the project's own. */
function placeOf(place: string): string {
  const path = place.replace(/^async /u, "").replace(/^file:\/\//u, "");
  const inside = /(?:^|\/)((?:src|lib|app|handlers|services|examples|test)\/[^\s]+)$/u.exec(path)?.[1];
  if (inside !== undefined) return inside;
  return path.startsWith("/") ? path.split("/").slice(-2).join("/") : path;
}

/** The first line of the message: the rest is in the stack, or below. */
export const headlineOf = (message: string): string => message.split("\n", 1)[0] ?? "";
