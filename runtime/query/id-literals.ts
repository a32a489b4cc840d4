/** Ids in a query. To be done before it is looked at for what it needs. */
import { withShownIds } from "../../lib/model/shown-id.ts";
import { isNameToken, isWord, madeToken, type Token } from "./tokens.ts";

/** Rows have ids as they are shown. A query may name them as they are stored, too. */
export const withIds = (tokens: readonly Token[]): Token[] => invocationTargets(tokens.map(withShownForm));

function withShownForm(token: Token): Token {
  if (token.kind !== "string") return token;
  const value = withShownIds(token.value);
  return value === token.value ? token : { ...token, text: withShownIds(token.text), value };
}

/** Restate's command line takes what does not look like one of its ids for the beginning of a target: `target LIKE 'inv_…/%'`. Ids of
 * exclusive handlers are longer than Restate's. */
function invocationTargets(tokens: readonly Token[]): Token[] {
  const made = [...tokens];
  for (const [at, token] of tokens.entries()) {
    const pattern = tokens[at + 2];
    const id = pattern?.kind === "string" ? /^(inv_[\w-]+)(?:\/%)?$/.exec(pattern.value)?.[1] : undefined;
    if (
      id === undefined ||
      token.value !== "target" ||
      !isNameToken(token) ||
      !isWord(tokens[at + 1], "like") ||
      !pattern
    )
      continue;
    made[at] = { ...token, text: "id", value: "id" };
    made[at + 1] = madeToken("operator", "=", tokens[at + 1]);
    made[at + 2] = { ...pattern, text: `'${id}'`, value: id };
  }
  return made;
}
