/** Two texts, line by line: what is gone, what is new, what has stayed. */
export interface DiffLine {
  readonly kind: "same" | "gone" | "new";
  readonly text: string;
}

/** Beyond this the comparison of all lines with all lines is too much: then all of one is gone, and all of the other new. */
export const DIFF_LINES_MAX = 400;

export function lineDiff(before: string | undefined, after: string | undefined): readonly DiffLine[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  if (a.length > DIFF_LINES_MAX || b.length > DIFF_LINES_MAX) return [...as("gone", a), ...as("new", b)];
  const common = commonLengths(a, b);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      lines.push({ kind: "same", text: left });
      i++;
      j++;
    } else if (left !== undefined && (right === undefined || at(common, i + 1, j) >= at(common, i, j + 1))) {
      lines.push({ kind: "gone", text: left });
      i++;
    } else if (right !== undefined) {
      lines.push({ kind: "new", text: right });
      j++;
    }
  }
  return lines;
}

const linesOf = (text: string | undefined): readonly string[] => (text === undefined ? [] : text.split("\n"));
const as = (kind: DiffLine["kind"], texts: readonly string[]): DiffLine[] =>
  texts.map((text) => ({ kind, text }));
const at = (table: readonly (readonly number[])[], i: number, j: number): number => table[i]?.[j] ?? 0;

/** How many lines the rests of both have in common, from each place on. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly (readonly number[])[] {
  const table = Array.from({ length: a.length + 1 }, () => Array.from({ length: b.length + 1 }, () => 0));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = table[i];
      if (!row) continue;
      row[j] =
        a[i] === b[j] ? at(table, i + 1, j + 1) + 1 : Math.max(at(table, i + 1, j), at(table, i, j + 1));
    }
  }
  return table;
}
