/** Which answers to queries differ as expected, and why. */
import { isDeepStrictEqual } from "node:util";
import type { QueryAnswer } from "./query-answers.ts";

/** Values of columns that cannot be the same, and may be null in one and not in the other. */
const COLUMNS: Readonly<Record<string, string>> = {
  idempotency_key: "Restate makes one up for each request without",
  created_using_restate_version: "it is another server",
  last_attempt_server: "it is another SDK",
  partition_key: "there are no partitions",
  trace_id: "Restate shows one where nothing was sampled",
};

/** Queries whose whole answer may differ. */
const QUERIES: Readonly<Record<string, string>> = {};

/** Ties may come in any order. */
const UNORDERED = /^cli: /u;

export const inTheSameOrder = (name: string): boolean => !UNORDERED.test(name);

/** The reason for an expected difference, if there is no other difference. */
export function whyQueryExpected(
  name: string,
  restate: QueryAnswer | undefined,
  perdure: QueryAnswer | undefined,
): string | undefined {
  if (!restate || !perdure) return undefined;
  // Restate answers some errors of the user's with 500.
  if (restate.status === 500 && perdure.status === 400) return "an error of the user's is 400";
  const reasons = new Set<string>();
  const without = ({ rows, ...rest }: QueryAnswer): unknown => ({
    ...rest,
    rows: rows.map((row) => withoutExpected(row, reasons)),
  });
  if (isDeepStrictEqual(without(restate), without(perdure))) return [...reasons].join("; ");
  return QUERIES[name];
}

function withoutExpected(
  row: Readonly<Record<string, unknown>>,
  reasons: Set<string>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(row).filter(([column]) => {
      const why = COLUMNS[column];
      if (why !== undefined) reasons.add(why);
      return why === undefined;
    }),
  );
}
