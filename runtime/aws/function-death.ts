import { EXCERPT_CHARS_MAX } from "../../lib/limits/aws.ts";

/** What Lambda says of a function that has died, with the place in its code. */
export function deathIn(payload: string): string {
  const excerpt = payload.slice(0, EXCERPT_CHARS_MAX);
  try {
    const { errorType = "Error", errorMessage, trace } = JSON.parse(payload) as Death;
    if (errorMessage === undefined) return excerpt;
    const text = `${errorType}: ${errorMessage}`.slice(0, EXCERPT_CHARS_MAX);
    const place = trace?.find((line) => PLACE.test(line))?.trim();
    return place === undefined ? text : `${text} (${place.slice(0, EXCERPT_CHARS_MAX)})`;
  } catch {
    return excerpt;
  }
}
interface Death {
  readonly errorType?: string;
  readonly errorMessage?: string;
  readonly trace?: readonly string[];
}
/** Not one of Node's own modules. */
const PLACE = /^\s*at (?!.*\(?node:)/;
