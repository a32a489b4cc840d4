/** Completes the name that is written: tables where one belongs, else columns of the tables that the query names. */
import type { Table } from "./schema.ts";

export interface Completion {
  readonly name: string;
  /** "table", or a column's type. */
  readonly kind: string;
}

const SHOWN_MAX = 6;

/** The name before the cursor; empty within a text. */
export function wordBefore(sql: string, at: number): string {
  const before = sql.slice(0, at);
  const quotes = before.split("'").length - 1;
  return quotes % 2 === 1 ? "" : (/[A-Za-z_]\w*$/u.exec(before)?.[0] ?? "");
}

export function completionsAt(sql: string, at: number, tables: readonly Table[]): readonly Completion[] {
  const word = wordBefore(sql, at).toLowerCase();
  if (word === "") return [];
  const before = sql.slice(0, at - word.length);
  const isTable = /\b(?:from|join|describe|into)\s+$/iu.test(before);
  const names = tables.map(({ name }): Completion => ({ name, kind: "table" }));
  const named = tables.filter(({ name }) => new RegExp(String.raw`\b${name}\b`, "u").test(sql));
  const columns = (named.length > 0 ? named : tables).flatMap((table) =>
    table.columns.map(({ name, type }): Completion => ({ name, kind: type })),
  );
  const found = new Map<string, Completion>();
  for (const one of isTable ? names : [...columns, ...names]) {
    const isLike = one.name.startsWith(word) || one.name.includes(`_${word}`);
    if (isLike && one.name !== word && !found.has(one.name)) found.set(one.name, one);
  }
  const rank = ({ name }: Completion): number => (name.startsWith(word) ? 0 : 1);
  return [...found.values()].toSorted((a, b) => rank(a) - rank(b)).slice(0, SHOWN_MAX);
}
