/** A query's answer: its rows, how they were found, and as files. */
import { AnswerFields } from "../../../lib/answer-fields.ts";
import { Refusal, send } from "../../admin/client.ts";
import { present } from "../../admin/fields.ts";
import { counted } from "../../words/text.ts";
import { duration } from "../../words/time.ts";

export type Row = Readonly<Record<string, unknown>>;

export interface Found {
  readonly rows: readonly Row[];
  readonly columns: readonly string[];
  readonly source?: string;
  readonly scanned?: number;
  readonly isComplete: boolean;
  readonly missing?: string;
  readonly readUnits: number;
  readonly tookMs: number;
}

/** Where an error is: a place in the text, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export class QueryRefusal extends Error {
  override readonly name = "QueryRefusal";
  readonly place: Place | undefined;

  constructor(message: string, place?: Place) {
    super(message);
    this.place = place;
  }
}

export interface Asking {
  readonly sql: string;
  /** Whether everything that is kept may be looked at. */
  readonly scan: boolean;
  readonly signal: AbortSignal;
}

/** Throws {@link QueryRefusal} for what is wrong with the query, and what {@link send} throws. */
export async function runQuery({ sql, scan, signal }: Asking): Promise<Found> {
  const began = performance.now();
  const { status, text } = await send("/query", {
    ...{ method: "POST", body: { query: sql, ...(scan && { scan }) }, signal },
    headers: { accept: "application/json" },
  });
  const answer = fieldsIn(text, status);
  if (status < 200 || status >= 300) throw refusalOf(answer);
  return foundIn(answer, performance.now() - began);
}

function fieldsIn(text: string, status: number): AnswerFields {
  try {
    return new AnswerFields(JSON.parse(text), "answer");
  } catch {
    throw new Refusal(status, `the server has answered ${status}`);
  }
}

function refusalOf(answer: AnswerFields): QueryRefusal {
  const position = answer.object("position");
  const place = position && { line: position.number("line"), column: position.number("column") };
  return new QueryRefusal(answer.optionalText("message") ?? "the query was refused", place);
}

export function foundIn(answer: AnswerFields, tookMs: number): Found {
  const rows = answer.objects("rows").map(({ raw }) => raw);
  const how = answer.object("perdure");
  const missing = how?.list("missing").map(String).join("; ");
  return {
    rows,
    // Columns that are null are left out of a row.
    columns: [...new Set(rows.flatMap((row) => Object.keys(row)))],
    ...present("source", how?.optionalText("source")),
    ...present("scanned", how?.optionalNumber("scanned")),
    isComplete: how === undefined || how.flag("complete"),
    ...(missing !== undefined && missing !== "" && { missing }),
    readUnits: how?.object("cost")?.optionalNumber("readUnits") ?? 0,
    tookMs,
  };
}

const SOURCES: Readonly<Record<string, string>> = {
  keys: "Single items were read.",
  index: "Lists of invocations were read.",
  scan: "Everything was looked at.",
};

/** How many rows, how they were found, and what that cost. */
export function foundWords({ rows, source, scanned, readUnits, tookMs }: Found): string {
  const parts = [
    `${counted(rows.length, "row")} in ${duration(tookMs)}.`,
    SOURCES[source ?? ""],
    scanned === undefined ? undefined : `${counted(scanned, "item")} looked at.`,
    `${counted(Math.ceil(readUnits), "read unit")}.`,
  ];
  return parts.filter((part) => part !== undefined).join(" ");
}

/** A cell as text. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** With a line for the names. What a spreadsheet would take for a formula is a text (a leading apostrophe). */
export function csvOf({ columns, rows }: Pick<Found, "columns" | "rows">): string {
  const lines = [columns, ...rows.map((row) => columns.map((column) => cellText(row[column])))];
  return lines.map((cells) => cells.map(csvCell).join(",")).join("\r\n") + "\r\n";
}
function csvCell(text: string): string {
  const safe = /^[=+@\t\r]|^-(?!\d)/u.test(text) ? `'${text}` : text;
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The line that an error is in, and below it where. */
export function pointedAt(
  text: string,
  { line, column }: Place,
): { readonly line: string; readonly caret: string } {
  const shown = (text.split("\n")[line - 1] ?? "").replaceAll("\t", " ");
  return { line: shown, caret: `${" ".repeat(Math.max(0, column - 1))}^` };
}

/** How many queries are kept. */
export const HISTORY_MAX = 30;
const QUERY_CHARS_MAX = 10_000;
export function historyIn(text: string | null): readonly string[] {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string").slice(0, HISTORY_MAX) : [];
  } catch {
    return [];
  }
}
export const withQuery = (history: readonly string[], sql: string): readonly string[] =>
  sql.length > QUERY_CHARS_MAX
    ? history
    : [sql, ...history.filter((one) => one !== sql)].slice(0, HISTORY_MAX);
