/** Tables that fit the terminal: the columns that may be cut are, the longest first. */
import Table from "cli-table3";
import { escaped } from "../lib/log/line.ts";

export interface Column<T> {
  /** In upper case. */
  readonly name: string;
  readonly of: (row: T) => string | number | undefined;
  /** Shown with `--wide` alone. */
  readonly wide?: boolean;
  /** May be cut, down to so many characters. Absent: shown in full. */
  readonly least?: number;
  readonly align?: "left" | "right";
}

interface Fit {
  /** Of the terminal, in characters. `undefined`: as wide as it is, with the columns of `--wide`. */
  readonly width: number | undefined;
  readonly header: (text: string) => string;
}

const GAP = 2;
const ABSENT = "-";

/** The table, without an end of line. */
export function fitted<T>(rows: readonly T[], columns: readonly Column<T>[], { width, header }: Fit): string {
  const shown = columns.filter((column) => column.wide !== true || width === undefined);
  const cells = rows.map((row) => shown.map((column) => escaped(String(column.of(row) ?? ABSENT))));
  const wanted = shown.map(({ name }, at) =>
    Math.max(name.length, ...cells.map((cell) => cell[at]?.length ?? 0)),
  );
  const widths = cut(wanted, shown, width);
  const table = new Table({
    head: shown.map(({ name, align }, at) => header(aligned(name, align, widths[at] ?? 0))),
    colWidths: widths.map((of, at) => of + (at === widths.length - 1 ? 0 : GAP)),
    chars: NO_LINES,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
  });
  // cli-table3 pads to the column's width, of which the gap is a part.
  for (const cell of cells) {
    table.push(
      cell.map((text, at) => {
        const room = widths[at] ?? text.length;
        return aligned(shortened(text, room), shown[at]?.align, room);
      }),
    );
  }
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** To the right within the column, and not within the gap that follows it. */
const aligned = (text: string, align: "left" | "right" | undefined, width: number): string =>
  align === "right" ? text.padStart(width) : text;

const shortened = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;

/** Takes from the widest of those that may be cut, until all fit or nothing is left to take. */
function cut<T>(
  wanted: readonly number[],
  columns: readonly Column<T>[],
  width: number | undefined,
): number[] {
  const widths = [...wanted];
  if (width === undefined) return widths;
  const least = columns.map(({ least: of }, at) => Math.min(of ?? Infinity, wanted[at] ?? 0));
  for (;;) {
    const over = widths.reduce((sum, each) => sum + each + GAP, -GAP) - width;
    if (over <= 0) return widths;
    const room = widths.map((each, at) => each - (least[at] ?? each));
    const widest = widths.reduce(
      (best, each, at) => ((room[at] ?? 0) > 0 && each > (widths[best] ?? 0) ? at : best),
      room.findIndex((of) => of > 0),
    );
    if (widest === -1) return widths;
    const at = widths[widest] ?? 0;
    widths[widest] = at - Math.min(over, room[widest] ?? 0, Math.max(1, Math.ceil(over / widths.length)));
  }
}

const NO_LINES = {
  ...{ top: "", "top-mid": "", "top-left": "", "top-right": "" },
  ...{ bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
  ...{ left: "", "left-mid": "", right: "", "right-mid": "", mid: "", "mid-mid": "", middle: "" },
};
