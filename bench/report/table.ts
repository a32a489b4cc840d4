/** Tables, for the terminal and for Markdown. The first column is text, the others are numbers. */
export interface Table {
  /** Names it for the documentation: letters and dashes. */
  readonly id: string;
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly notes?: readonly string[];
}
/** `null`: unknown. */
export type Cell = string | number | null;

export function textOf(cell: Cell): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  if (Number.isInteger(cell)) return cell.toLocaleString("en-US");
  const digits = Math.abs(cell) >= 100 ? 0 : Math.abs(cell) >= 10 ? 1 : 2;
  return cell.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function toTerminal({ title, columns, rows, notes = [] }: Table): string {
  const lines = [columns, ...rows.map((row) => row.map(textOf))];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? "").length)));
  const lineOf = (line: readonly string[]): string =>
    line
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ");
  const [head = "", ...body] = lines.map(lineOf);
  return [title, "", head, "-".repeat(head.length), ...body, ...notes.map((note) => `· ${note}`), ""].join(
    "\n",
  );
}

export function toMarkdown({ columns, rows, notes = [] }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = columns.map((_, at) => (at === 0 ? "---" : "---:"));
  const body = rows.map((row) => line(row.map(textOf)));
  const after = notes.length === 0 ? [] : ["", ...notes.map((note) => `- ${note}`)];
  return [line(columns), line(rule), ...body, ...after].join("\n");
}
