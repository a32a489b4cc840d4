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
  if (op === "equal") return values.includes(text);
  if (op === "other") return !values.includes(text);
  if (op === "like") return likePattern(first).test(text);
  return op === "from" ? text >= first : text <= first;
}

const isNull = (value: unknown): boolean => value === null || value === undefined;

function likePattern(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  return new RegExp(
    `^${escaped.replaceAll("%", String.raw`[\s\S]*`).replaceAll("_", String.raw`[\s\S]`)}$`,
    "u",
  );
}

/** The values that a column may have by all of these; `undefined`: any. */
export function valuesFor(predicates: readonly Predicate[], column: string): readonly string[] | undefined {
  let found: readonly string[] | undefined;
  for (const predicate of predicates) {
    if (predicate.column !== column || predicate.op !== "equal") continue;
    found = found ? found.filter((value) => predicate.values.includes(value)) : predicate.values;
  }
  return found;
}
