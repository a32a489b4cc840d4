/** Every query that Restate's CLI and UI are known to send is answered, in both formats. `npm run compare` compares the answers. */
import { describe, expect, test } from "vitest";
import { CORPUS } from "../compare/corpus.ts";
import { answersTo, type QueryAnswer } from "../compare/query-answers.ts";
import { atWork, startedPerdure, whyNot } from "./started.ts";

/** Queries that are wrong, and are there to be refused. */
const WRONG = new Set(
  [
    "syntax that is wrong",
    "a table that is not there",
    "a column that is not there",
    "a change",
    "two statements",
  ].map((name) => `ours: ${name}`),
);

describe.skipIf(whyNot !== undefined)("queries of Restate's tools", () => {
  let answers: ReadonlyMap<string, QueryAnswer> = new Map();
  startedPerdure(async (started) => {
    answers = await answersTo(CORPUS, started.admin, await atWork(started));
  });

  test.for(CORPUS.map(({ name }) => name))("%s", (name) => {
    const { status, columns } = answers.get(name) ?? { status: 0, columns: [] };
    expect(status).toBe(WRONG.has(name) ? 400 : 200);
    expect(columns.filter((column) => column.startsWith("no Arrow stream"))).toEqual([]);
    if (status === 200) expect(columns).not.toEqual([]);
  });
});
