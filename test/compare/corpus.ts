/** The queries of queries/*.sql: a comment names each one, an empty line ends it. Words in braces stand for ids. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface CorpusQuery {
  /** Of the form `ui: its journal`. */
  readonly name: string;
  readonly sql: string;
}

const FILES = ["cli", "ui", "ours"] as const;

export const CORPUS: readonly CorpusQuery[] = FILES.flatMap((file) => {
  const text = readFileSync(join(import.meta.dirname, "queries", `${file}.sql`), "utf8");
  const [, ...blocks] = text.trimEnd().split("\n\n");
  return numbered(
    blocks.map((block) => {
      const [first = "", ...sql] = block.split("\n");
      return { name: `${file}: ${first.replace("-- ", "")}`, sql: sql.join("\n") };
    }),
  );
});

/** A command of the CLI sends several: the second one is `inv ls (2)`. */
function numbered(queries: readonly CorpusQuery[]): CorpusQuery[] {
  const times = new Map<string, number>();
  return queries.map(({ name, sql }) => {
    const time = (times.get(name) ?? 0) + 1;
    times.set(name, time);
    return { name: time === 1 ? name : `${name} (${time})`, sql };
  });
}

/** With ids for the words in braces. Throws if one is not known. */
export function withIds(sql: string, ids: ReadonlyMap<string, string>): string {
  const all = [...ids].filter(([name]) => name !== "deployment").map(([, id]) => `'${id}'`);
  return sql.replaceAll("{ids}", all.join(", ")).replaceAll(/\{([\w ]+)\}/gu, (_, name: string) => {
    const id = ids.get(name);
    if (id === undefined) throw new Error(`no invocation is called ${name}`);
    return id;
  });
}
