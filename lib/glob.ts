/** Patterns of names: `*` stands for any characters, `?` for one. Everything else stands for itself. */

export const isGlob = (pattern: string): boolean => /[*?]/u.test(pattern);

/** In time proportional to the two lengths: a failed guess goes back to the last star alone, since an earlier one can take no more. */
export function globMatches(pattern: string, text: string): boolean {
  const [wanted, given] = [charactersOf(pattern), charactersOf(text)];
  let [at, from] = [0, 0];
  let star: { readonly at: number; from: number } | undefined;
  while (from < given.length) {
    if (wanted[at] === "*") star = { at: at++, from };
    else if (wanted[at] === "?" || (at < wanted.length && wanted[at] === given[from])) {
      at++;
      from++;
    } else if (star) {
      at = star.at + 1;
      from = ++star.from;
    } else return false;
  }
  while (wanted[at] === "*") at++;
  return at === wanted.length;
}

/** Whole code points: `?` takes no half of one. */
const charactersOf = (text: string): readonly string[] => text.match(/./gsu) ?? [];
