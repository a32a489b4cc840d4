/** Reads the journals of invocations, and shows what such ones cost. */
import { COSTS_INVOCATIONS_DEFAULT, COSTS_INVOCATIONS_MAX } from "../../lib/limits/cli.ts";
import type { AdminClient } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { countIn } from "../count.ts";
import { CommandError, EXIT } from "../exit.ts";
import { readInvocation } from "../invocations/described.ts";
import type { InvocationRow } from "../invocations/invocation.ts";
import { journalBy } from "../invocations/journal.ts";
import { listedBy } from "../invocations/pages.ts";
import { costOf, type Part, sumOf } from "../../lib/cost-estimate.ts";
import { journaledOf } from "./journaled.ts";

interface CostsOptions {
  readonly service?: string | undefined;
  readonly handler?: string | undefined;
  readonly limit?: string | undefined;
}

interface Costed {
  readonly row: InvocationRow;
  readonly parts: readonly Part[];
}

export async function showCosts(cli: Cli, ids: readonly string[], options: CostsOptions): Promise<void> {
  const admin = await cli.admin();
  const rows = await (ids.length > 0 ? named(admin, ids) : newest(admin, options));
  if (rows.length === 0)
    throw new CommandError(`no completed invocations match at ${admin.address}`, { exitCode: EXIT.nothing });
  const costed: Costed[] = [];
  for (const row of rows)
    costed.push({ row, parts: costOf(journaledOf(row, await journalBy(admin, row.id))) });
  const [only] = costed;
  if (ids.length === 1 && only) return await showOne(cli, only);
  await cli.out.list({
    rows: costed,
    columns: [
      { name: "ID", of: ({ row }) => row.id },
      { name: "TARGET", of: ({ row }) => row.target, least: 12 },
      { name: "$/MILLION", of: ({ parts }) => dollars(sumOf(parts)), align: "right" },
      { name: "MOST OF IT", of: ({ parts }) => mostOf(parts)?.what, least: 8 },
    ],
    json: jsonOf,
    empty: "",
  });
  const mean = costed.reduce((sum, { parts }) => sum + sumOf(parts), 0) / costed.length;
  cli.out.note(`On average $${dollars(mean)} per million of these, logs not included.`);
}

async function showOne(cli: Cli, costed: Costed): Promise<void> {
  const { row, parts } = costed;
  await cli.out.show(jsonOf(costed), () => [
    `${row.id} ${row.target}`,
    ...parts.map((part) => `  ${part.what.padEnd(WIDTH)}${dollars(part.dollars).padStart(WIDTH / 2)}`),
    `  ${"sum, $ per million".padEnd(WIDTH)}${dollars(sumOf(parts)).padStart(WIDTH / 2)}`,
  ]);
}

const WIDTH = 20;
const dollars = (value: number): string => value.toFixed(2);
const mostOf = (parts: readonly Part[]): Part | undefined =>
  parts.toSorted((a, b) => b.dollars - a.dollars)[0];

const jsonOf = ({ row, parts }: Costed): unknown => ({
  ...{ id: row.id, target: row.target, dollars_per_million: sumOf(parts) },
  parts: parts.map(({ what, dollars: of }) => ({ what, dollars_per_million: of })),
});

async function named(admin: AdminClient, ids: readonly string[]): Promise<InvocationRow[]> {
  const rows: InvocationRow[] = [];
  for (const id of ids) rows.push(await readInvocation(admin, id));
  return rows;
}

async function newest(
  admin: AdminClient,
  { service, handler, limit }: CostsOptions,
): Promise<readonly InvocationRow[]> {
  const query = { service, handler, status: "completed", order: "newest" };
  const most = countIn("--limit", limit, COSTS_INVOCATIONS_DEFAULT, COSTS_INVOCATIONS_MAX);
  return (await listedBy(admin, { query, limit: most })).rows;
}
