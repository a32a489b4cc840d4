/** Each query that Restate's tools are known to send can be answered, on tables without rows. `npm run compare` compares answers. */
import { afterAll, expect, test } from "vitest";
import { answerQuery, type QuerySource } from "../../../runtime/query/query.ts";
import { Sandbox } from "../../../runtime/query/sandbox.ts";
import { CORPUS } from "../../compare/corpus.ts";

const sandbox = new Sandbox();
afterAll(() => sandbox.stop());

const source: QuerySource = {
  rows: async () => [],
  report: () => ({ source: "keys", scanned: 0, complete: true, cost: { readUnits: 0 } }),
};
/** Those that are there to be refused. */
const WRONG = new Set(
  [
    "syntax that is wrong",
    "a table that is not there",
    "a column that is not there",
    "a change",
    "two statements",
  ].map((name) => `ours: ${name}`),
);

test.each(CORPUS.map(({ name, sql }) => [name, sql] as const))("%s", async (name, sql) => {
  const query = sql.replaceAll("{ids}", "'a', 'b'").replaceAll(/\{[\w ]+\}/g, "a");
  const answer = answerQuery(query, { source, sandbox, nowMs: 0 });
  if (WRONG.has(name)) await expect(answer).rejects.toThrow(/./);
  else expect((await answer).columns.length).toBeGreaterThan(0);
});
