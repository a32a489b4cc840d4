/** A condition's parts. */
import { closingOf, isOperator, isWord, type Token } from "./tokens.ts";

/** Without parentheses around all of it. */
export function bare(tokens: readonly Token[]): readonly Token[] {
  let inner = tokens;
  while (
    isOperator(inner[0], "(") &&
    closingOf(inner, 0) === inner.length - 1 &&
    !isWord(inner[1], "select", "with")
  )
    inner = inner.slice(1, -1);
  return inner;
}

export function conjunctsOf(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const inner = bare(tokens);
  if (inner.length === 0 || splitBy(inner, "or").length > 1) return inner.length === 0 ? [] : [inner];
  const parts = splitBy(inner, "and");
  return parts.length === 1 ? parts : parts.flatMap((part) => conjunctsOf(part));
}

/** Parts between a word, outside of parentheses and of CASE. The AND of a BETWEEN is no separator. */
export function splitBy(tokens: readonly Token[], separator: string): (readonly Token[])[] {
  const parts: (readonly Token[])[] = [];
  let from = 0;
  let cases = 0;
  let isBetween = false;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (isOperator(token, "(")) at = closingOf(tokens, at);
    else if (isWord(token, "case")) cases++;
    else if (isWord(token, "end")) cases--;
    else if (isWord(token, "between")) isBetween = true;
    else if (token?.value === separator && token.kind !== "string" && token.kind !== "name" && cases === 0) {
      if (isBetween && separator === "and") isBetween = false;
      else {
        parts.push(tokens.slice(from, at));
        from = at + 1;
      }
    }
  }
  parts.push(tokens.slice(from));
  return parts;
}
