/** A query's answer: a table, JSON, or comma-separated values; and on stderr what was looked at. */
import type { Output } from "../output.ts";
import type { Column } from "../table.ts";
import type { SqlAnswer, SqlReport, SqlRow } from "./answer.ts";

/** A column may be cut down to this. */
const LEAST_WIDTH = 12;

export async function printAnswer(out: Output, answer: SqlAnswer, csv: boolean): Promise<void> {
  const { rows, columns, report } = answer;
  if (csv) await out.lines(csvLines(answer));
  else {
    await out.list({
      rows,
      columns: columns.map((name): Column<SqlRow> => ({
        name: name.toUpperCase(),
        of: (row) => shownValue(row[name]),
        least: LEAST_WIDTH,
        align: rows.every((row) => isNumber(row[name])) ? "right" : "left",
      })),
      json: (row) => row,
      empty: "No rows.",
    });
  }
  if (report) say(out, rows.length, report);
}

const isNumber = (value: unknown): boolean => value === undefined || typeof value === "number";

function say(
  out: Output,
  rows: number,
  { source, scanned, isComplete, missing, readUnits }: SqlReport,
): void {
  const cost = readUnits === 0 ? "" : `, ${readUnits} read units`;
  out.note(
    `${rows} row${rows === 1 ? "" : "s"}; looked at ${scanned} item${scanned === 1 ? "" : "s"} by ${source}${cost}`,
  );
  if (isComplete) return;
  const what = missing.length === 0 ? "" : `: ${missing.join("; ")}`;
  out.warn(`the answer is not complete${what}`);
}

/** `undefined`: it is null. */
function shownValue(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** By RFC 4180, but for its line ends: those of this system's tools. A null is an empty field. */
export const csvLines = ({ rows, columns }: Pick<SqlAnswer, "rows" | "columns">): string[] =>
  columns.length === 0
    ? []
    : [
        columns.map(csvField).join(","),
        ...rows.map((row) => columns.map((name) => csvField(shownValue(row[name]) ?? "")).join(",")),
      ];

const csvField = (text: string): string =>
  /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
