/**
 * JSON with line breaks and without. Only white space changes: a number with more digits than a computer's keeps them, and a
 * name that comes twice comes twice.
 */
import { messageOf } from "./text.ts";

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gu;

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Why a text is no JSON; `undefined`: it is. */
export function notJson(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Without white space between its parts. Text that is no JSON stays as it is. */
export const compacted = (text: string): string =>
  isJson(text) ? (text.match(TOKENS) ?? []).join("") : text;

/** One part a line. Text that is no JSON stays as it is. */
export function indented(text: string): string {
  if (!isJson(text)) return text;
  const tokens = text.match(TOKENS) ?? [];
  let depth = 0;
  const parts = tokens.map((token, index) => {
    const isEmpty = OPENS.test(token) && CLOSES.test(tokens[index + 1] ?? "");
    const endsEmpty = CLOSES.test(token) && OPENS.test(tokens[index - 1] ?? "");
    if (isEmpty || endsEmpty) return token;
    if (OPENS.test(token)) return token + lineAt(++depth);
    if (CLOSES.test(token)) return lineAt(--depth) + token;
    return token === "," ? `,${lineAt(depth)}` : token === ":" ? ": " : token;
  });
  return parts.join("");
}

const OPENS = /^[{[]$/u;
const CLOSES = /^[}\]]$/u;
const lineAt = (depth: number): string => `\n${"  ".repeat(depth)}`;
