import { NAME_BYTES_MAX } from "../../lib/limits.ts";
import { QUERY_SUGGESTED_CHARS_MIN, QUERY_SUGGESTIONS_MAX } from "../../lib/limits/query.ts";

/** What is wrong with a query, for its author: where, and what was perhaps meant. */
export interface QueryPosition {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** From 0. */
  readonly offset: number;
}

export class QueryError extends Error {
  override readonly name = "QueryError";
  /** 400: the query is wrong. 413: its answer is too long. 408: it took too long. 503: too many run. */
  readonly status: 400 | 408 | 413 | 503;
  /** Where, as an offset in the query. */
  readonly at: number | undefined;

  constructor(message: string, { status = 400, at }: { status?: QueryError["status"]; at?: number } = {}) {
    super(message);
    this.status = status;
    this.at = at;
  }
}

export function positionIn(text: string, offset: number): QueryPosition {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - (before.lastIndexOf("\n") + 1) + 1, offset };
}

/** Names that are as similar to it as a slip of the hand makes them, the nearest first. */
export function similarTo(name: string, names: Iterable<string>): readonly string[] {
  if (name.length > NAME_BYTES_MAX) return [];
  const wanted = name.toLowerCase();
  const most = Math.max(1, Math.floor(wanted.length / 3));
  return [...new Set(names)]
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, candidate) }))
    .filter(({ candidate, distance }) => distance <= most || isPartOf(wanted, candidate))
    .toSorted((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, QUERY_SUGGESTIONS_MAX)
    .map(({ candidate }) => candidate);
}

/** "Did you mean 'id'?", or nothing. */
export function suggestionFor(name: string, names: Iterable<string>): string {
  const found = similarTo(name, names).map((similar) => `'${similar}'`);
  return found.length === 0 ? "" : ` Did you mean ${found.join(" or ")}?`;
}

const isPartOf = (part: string, whole: string): boolean =>
  part.length >= QUERY_SUGGESTED_CHARS_MIN && (whole.endsWith(`_${part}`) || whole.startsWith(`${part}_`));

/** Levenshtein's. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const [left = 0, above = 0, diagonal = 0] = [next[j], row[j + 1], row[j]];
      next.push(Math.min(left + 1, above + 1, diagonal + (a[i] === b[j] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
