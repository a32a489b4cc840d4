/** `perdure ls`, `perdure invocations list`. */
import { CLI_LIST_DEFAULT } from "../../lib/limits/cli-invocations.ts";
import type { Cli } from "../cli.ts";
import { countIn } from "../count.ts";
import type { Column } from "../table.ts";
import { shortDuration } from "../time.ts";
import { type FilterOptions, type ListQuery, queryOf } from "./filters.ts";
import {
  ageOf,
  calledBy,
  errorOf,
  failedAttempts,
  firstLine,
  type InvocationRow,
  shownStatus,
  waitingFor,
} from "./invocation.ts";
import { checkService, listedBy } from "./pages.ts";

export interface ListOptions extends FilterOptions {
  readonly limit?: string;
  readonly all?: boolean;
  readonly oldestFirst?: boolean;
}

export async function printInvocations(cli: Cli, options: ListOptions): Promise<void> {
  const limit =
    options.all === true ? Number.POSITIVE_INFINITY : countIn("--limit", options.limit, CLI_LIST_DEFAULT);
  const query: ListQuery = { ...queryOf(options), order: options.oldestFirst === true ? "oldest" : "newest" };
  const admin = await cli.admin();
  const progress = (count: number): void => cli.out.progress(`${count} invocations …`);
  const { rows, isMore, coversEnded } = await listedBy(admin, { query, limit, progress });
  cli.out.progressDone();
  if (rows.length === 0) await checkService(admin, options.service);
  const hidden = query["status"] === undefined || options.status !== undefined;
  const empty = `No invocations match at ${admin.address}.${hidden ? "" : " Completed ones are hidden: --all-statuses shows them."}`;
  await cli.out.list({ rows, columns: columnsAt(cli, Date.now()), json: ({ fields }) => fields.raw, empty });
  if (isMore) cli.out.note(`Showing ${rows.length} of ${rows.length}+ invocations; --all shows all.`);
  else if (rows.length > 0) cli.out.note(`${rows.length} of ${rows.length} invocations.`);
  if (options.allStatuses === true && !coversEnded)
    cli.out.warn(
      "completed invocations have no index here, and are missing: --scan looks at every one that is kept",
    );
}

const columnsAt = (cli: Cli, nowMs: number): readonly Column<InvocationRow>[] => [
  { name: "ID", of: ({ id }) => id },
  { name: "TARGET", of: ({ target }) => target, least: 12 },
  { name: "STATUS", of: shownStatus },
  { name: "AGE", of: (row) => durationOr(ageOf(row, nowMs)) },
  { name: "ATTEMPT", of: failedAttempts, align: "right" },
  { name: "WAITING ON", of: (row) => waitingFor(row, nowMs), least: 10 },
  { name: "ERROR", of: (row) => firstLine(errorOf(row)), least: 10 },
  { name: "CREATED", of: ({ fields }) => timeOr(cli, fields.optionalText("created_at")), wide: true },
  { name: "MODIFIED", of: ({ fields }) => timeOr(cli, fields.optionalText("modified_at")), wide: true },
  { name: "DEPLOYMENT", of: ({ fields }) => fields.optionalText("pinned_deployment_id"), wide: true },
  { name: "CALLED BY", of: calledBy, wide: true },
  { name: "IDEMPOTENCY KEY", of: ({ fields }) => fields.optionalText("idempotency_key"), wide: true },
];

const durationOr = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : shortDuration(ms);
const timeOr = (cli: Cli, text: string | undefined): string | undefined =>
  text === undefined ? undefined : cli.out.time(text);
