/** A condition on one column that says which rows of a table a query needs. */
export interface Predicate {
  readonly column: string;
  readonly op:
    | "equal"
    | "other"
    | "like"
    | "true"
    | "not-true"
    | "null"
    | "not-null"
    /** Times, inclusive, in the form in which they are stored. */
    | "from"
    | "until";
  /** `equal`: one of them. `other`: none of them. `like`: one pattern. `from`, `until`: one time. */
  readonly values: readonly string[];
}

/** Whether a row with this value is wanted. It must say what SQLite would say. */
export function fitsPredicate({ op, values }: Predicate, value: unknown): boolean {
  if (op === "null") return isNull(value);
  if (op === "not-null") return !isNull(value);
  if (op === "true") return value === 1;
  if (op === "not-true") return value !== 1;
  if (isNull(value)) return false;
  const text = typeof value === "string" ? value : String(value);
  const [first = ""] = values;
  if (op === "equal") return setOf(values).has(text);
  if (op === "other") return !setOf(values).has(text);
  if (op === "like") return isLike(text, first);
  return op === "from" ? text >= first : text <= first;
}

const isNull = (value: unknown): boolean => value === null || value === undefined;

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** A list may be long, and each row asks for it. */
function setOf(values: readonly string[]): ReadonlySet<string> {
  const known = sets.get(values);
  if (known) return known;
  const set = new Set(values);
  sets.set(values, set);
  return set;
}

/**
 * SQLite's LIKE, with upper and lower case told apart: `%` is any text, `_` one character. A regular expression would take too long
 * for `%a%a%a%b`. Here only the last `%` is ever tried again: what an earlier one took need not be longer.
 */
export function isLike(text: string, pattern: string): boolean {
  const [characters, wanted] = [Array.from(text), Array.from(pattern)];
  let [at, next] = [0, 0];
  let again: { readonly at: number; readonly next: number } | undefined;
  while (at < characters.length) {
    if (wanted[next] === "%") again = { at, next: ++next };
    else if (next < wanted.length && (wanted[next] === "_" || wanted[next] === characters[at])) {
      at++;
      next++;
    } else if (again) {
      again = { at: again.at + 1, next: again.next };
      ({ at, next } = again);
    } else return false;
  }
  return wanted.slice(next).every((character) => character === "%");
}

/** The values that a column may have by all of these; `undefined`: any. */
export function valuesFor(predicates: readonly Predicate[], column: string): readonly string[] | undefined {
  let found: readonly string[] | undefined;
  for (const predicate of predicates) {
    if (predicate.column !== column || predicate.op !== "equal") continue;
    found = found ? found.filter((value) => setOf(predicate.values).has(value)) : predicate.values;
  }
  return found;
}
