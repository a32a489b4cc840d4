/** What a server answers to the queries of the corpus: rows from JSON, types of the columns from Arrow, without what cannot be the same. */
import { importTool } from "../restate-cli/published-tools.ts";
import { type CorpusQuery, withIds } from "./corpus.ts";

export interface QueryAnswer {
  readonly status: number;
  /** Null columns are left out. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** `name: type`, of Arrow; empty if the answer is none. */
  readonly columns: readonly string[];
}

/** Of the package `apache-arrow`. */
interface ArrowReader {
  tableFromIPC(bytes: Uint8Array): { schema: { fields: { name: string; type: unknown }[] } };
}

const REQUEST_MS_MAX = 30_000;

export async function answersTo(
  queries: readonly CorpusQuery[],
  admin: string,
  ids: ReadonlyMap<string, string>,
): Promise<Map<string, QueryAnswer>> {
  const arrow = await importTool<ArrowReader>("apache-arrow");
  const answers = new Map<string, QueryAnswer>();
  for (const each of queries) answers.set(each.name, await answerTo(each, admin, ids, arrow));
  return answers;
}

async function answerTo(
  { sql }: CorpusQuery,
  admin: string,
  ids: ReadonlyMap<string, string>,
  arrow: ArrowReader,
): Promise<QueryAnswer> {
  const query = withIds(sql, ids);
  const json = await ask(admin, query, "application/json");
  if (!json.ok) return { status: json.status, rows: [], columns: [] };
  const body = JSON.parse(String(json.body)) as { rows: Record<string, unknown>[] };
  const stream = await ask(admin, query, "application/vnd.apache.arrow.stream");
  const rows = scrubbed(body.rows, ids);
  return { status: json.status, rows, columns: columnsIn(stream.body, arrow) };
}

function columnsIn(stream: Buffer, arrow: ArrowReader): string[] {
  try {
    return arrow.tableFromIPC(stream).schema.fields.map(({ name, type }) => `${name}: ${String(type)}`);
  } catch (error) {
    return [`no Arrow stream: ${error instanceof Error ? error.message : String(error)}`];
  }
}

async function ask(admin: string, query: string, accept: string) {
  const response = await fetch(`${admin}/query`, {
    method: "POST",
    headers: { "content-type": "application/json", accept },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(REQUEST_MS_MAX),
  });
  const body = Buffer.from(await response.arrayBuffer());
  return { ok: response.ok, status: response.status, body };
}

function scrubbed(
  rows: readonly Record<string, unknown>[],
  ids: ReadonlyMap<string, string>,
): Record<string, unknown>[] {
  const names = new Map([...ids].map(([name, id]) => [id, name]));
  const scrub = (text: string): string =>
    text
      .replaceAll(/\b(inv|dp)_1?[\w-]+/gu, (id) => `<${names.get(id) ?? "another"}>`)
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z?/gu, "<time>")
      .replaceAll(/(?<="wake_up_time":)\d+/gu, "<time>")
      // An awakeable's id as JSON, in hexadecimal digits.
      .replaceAll(/\b227369676e5f31\w+/gu, "<awakeable>")
      .replaceAll(/\b01[0-9A-HJKMNP-TV-Z]{24}\b/gu, "<random>")
      .replaceAll(/127\.0\.0\.1:\d+/gu, "<address>")
      .replaceAll(/(\\n|\n) +at [^"]*/gu, " <stack>");
  const text = JSON.stringify(rows, (_name, value: unknown) =>
    typeof value === "string" ? scrub(value) : sorted(value),
  );
  return JSON.parse(text) as Record<string, unknown>[];
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
