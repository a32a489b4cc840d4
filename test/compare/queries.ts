/** The queries of the corpus on both servers, after the same workload. */
import { isDeepStrictEqual } from "node:util";
import { settle, Workload } from "../restate-cli/workload.ts";
import type { Side } from "./bundle.ts";
import { CORPUS } from "./corpus.ts";
import { inTheSameOrder, whyQueryExpected } from "./expected-queries.ts";
import { answersTo, type QueryAnswer } from "./query-answers.ts";
import { startServer } from "./servers.ts";

const SERVICES = ["test/restate-cli/services.ts"];
const SHOWN_ROWS_MAX = 5;
const SHOWN_CHARS_MAX = 300;

async function answersOf(side: Side, folder: string): Promise<ReadonlyMap<string, QueryAnswer>> {
  const server = await startServer(side, folder, SERVICES);
  const { ingress, admin } = server;
  try {
    const ids = new Map(await new Workload(ingress).run());
    await settle(admin, ids);
    const listed = await fetch(`${admin}/deployments`);
    const { deployments } = (await listed.json()) as { deployments: { id: string }[] };
    ids.set("deployment", deployments[0]?.id ?? "");
    return await answersTo(CORPUS, admin, ids);
  } finally {
    await server.stop();
  }
}

/** Prints what differs. Returns how many queries are answered differently without a reason. */
export async function compareQueries(folder: string): Promise<number> {
  const restate = await answersOf("restate", folder);
  const perdure = await answersOf("perdure", folder);
  const [differing, expected]: [string[], string[]] = [[], []];
  for (const { name, sql } of CORPUS) {
    const [theirs, ours] = [restate.get(name), perdure.get(name)].map((answer) => comparable(name, answer));
    if (isDeepStrictEqual(theirs, ours)) continue;
    const why = whyQueryExpected(name, theirs, ours);
    (why === undefined ? differing : expected).push(name);
    console.log(
      `${why === undefined ? "DIFFERS " : "expected"} ${name}${why === undefined ? "" : `: ${why}`}`,
    );
    if (why === undefined)
      console.log(`${sql}\n  Restate\n${show(theirs, ours)}\n  Perdure\n${show(ours, theirs)}\n`);
  }
  const same = CORPUS.length - differing.length - expected.length;
  console.log(
    `\n${CORPUS.length} queries: ${same} answered the same, ${expected.length} differently as expected, ${differing.length} differently without a reason`,
  );
  for (const name of differing) console.log(`  ${name}`);
  return CORPUS.length === 0 ? 1 : differing.length;
}

/** Rows in an order of their own, unless the order is part of the question. */
function comparable(name: string, answer: QueryAnswer | undefined): QueryAnswer {
  if (!answer) return { status: 0, rows: [], columns: [] };
  if (inTheSameOrder(name)) return answer;
  const texts = answer.rows.map((row) => JSON.stringify(row)).toSorted();
  return { ...answer, rows: texts.map((text) => JSON.parse(text) as Record<string, unknown>) };
}

/** What is not in the other answer. */
function show(answer: QueryAnswer | undefined, other: QueryAnswer | undefined): string {
  const others = new Set(other?.rows.map((row) => JSON.stringify(row)));
  const rows = (answer?.rows ?? []).map((row) => JSON.stringify(row)).filter((row) => !others.has(row));
  const columns = (answer?.columns ?? []).filter((column) => other?.columns.includes(column) !== true);
  return [
    `    ${answer?.status ?? "nothing"}, ${answer?.rows.length ?? 0} rows`,
    ...rows.slice(0, SHOWN_ROWS_MAX).map((row) => `    ${row.slice(0, SHOWN_CHARS_MAX)}`),
    ...columns.map((column) => `    ${column}`),
  ].join("\n");
}
