/**
 * `perdure tail`: a line for each invocation that begins, changes or ends.
 *
 * Each look asks for what is open, and for what was accepted since the command began. One that was seen open and is in neither list is
 * looked at by itself, since it has ended, and ended ones may have no index.
 */
import { eachAtOnce } from "../../lib/at-once.ts";
import { CLI_REQUESTS_AT_ONCE, TAIL_SHOWN_MAX } from "../../lib/limits/cli-invocations.ts";
import { escaped } from "../../lib/log/line.ts";
import type { AdminClient } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { UsageError } from "../exit.ts";
import { durationIn } from "../time.ts";
import { optionalRow } from "./described.ts";
import { type FilterOptions, type ListQuery, queryOf } from "./filters.ts";
import {
  errorOf,
  failedAttempts,
  firstLine,
  type InvocationRow,
  shownStatus,
  waitingFor,
} from "./invocation.ts";
import { type Look, looks } from "./looks.ts";
import { checkService, listedBy } from "./pages.ts";

export interface TailOptions extends FilterOptions {
  readonly timeout?: string;
}

/** Ends when the time is over, or the user ends it. */
export async function tail(cli: Cli, options: TailOptions): Promise<void> {
  if (cli.out.format === "json")
    throw new UsageError("tail has no end: --jsonl prints a line of JSON for each change");
  if (options.status !== undefined || options.result !== undefined)
    throw new UsageError(
      "tail follows invocations through all statuses: --status and --result are for lists",
    );
  const timeoutMs = options.timeout === undefined ? undefined : durationIn("--timeout", options.timeout);
  const admin = await cli.admin();
  await checkService(admin, options.service);
  const followed = new Followed(cli, admin, options);
  await looks(cli, timeoutMs, () => followed.look());
}

class Followed {
  readonly #cli: Cli;
  readonly #admin: AdminClient;
  readonly #open: ListQuery;
  readonly #since: ListQuery;
  /** What was said of each that is open. */
  readonly #said = new Map<string, string>();
  /** Those that have ended since the command began. */
  readonly #ended = new Set<string>();
  #isFirst = true;

  constructor(cli: Cli, admin: AdminClient, options: FilterOptions) {
    this.#cli = cli;
    this.#admin = admin;
    this.#open = queryOf(options);
    const created_after = new Date().toISOString();
    this.#since = { created_after, ...queryOf({ ...options, allStatuses: true }) };
  }

  async look(): Promise<Look> {
    const rows = await this.#rows();
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    let isChanged = false;
    const hidden = isFirst ? Math.max(0, rows.length - TAIL_SHOWN_MAX) : 0;
    if (hidden > 0) this.#cli.out.note(`${hidden} more are open; their changes are shown as they come.`);
    for (const [at, row] of rows.entries()) {
      const text = textOf(row);
      if (this.#said.get(row.id) === text || this.#ended.has(row.id)) continue;
      isChanged = true;
      this.#said.set(row.id, text);
      if (row.status === "completed") this.#end(row.id);
      if (at >= hidden) await this.#say(row, text);
    }
    return isChanged ? "changed" : "same";
  }

  #end(id: string): void {
    this.#said.delete(id);
    this.#ended.add(id);
  }

  async #rows(): Promise<InvocationRow[]> {
    const limit = Number.POSITIVE_INFINITY;
    const [open, since] = await Promise.all(
      [this.#open, this.#since].map((query) => listedBy(this.#admin, { query, limit })),
    );
    const rows = new Map([...(open?.rows ?? []), ...(since?.rows ?? [])].map((row) => [row.id, row]));
    const gone = [...this.#said.keys()].filter((id) => !rows.has(id));
    await eachAtOnce(gone, CLI_REQUESTS_AT_ONCE, async (id) => {
      // It has ended, or matches no longer; or it has been purged.
      const row = await optionalRow(this.#admin, id);
      if (row) rows.set(id, row);
      else this.#end(id);
    });
    return [...rows.values()];
  }

  async #say(row: InvocationRow, text: string): Promise<void> {
    const { out } = this.#cli;
    const at = row.fields.optionalText("modified_at") ?? new Date().toISOString();
    await out.lines([
      out.format === "jsonl" ? JSON.stringify(row.fields.raw) : `${out.time(at)}  ${escaped(text)}`,
    ]);
  }
}

function textOf(row: InvocationRow): string {
  const failed = failedAttempts(row);
  // The time that is left changes with each look; what it waits for does not.
  const waiting =
    row.status === "suspended"
      ? row.fields.optionalText("waiting_on")
      : waitingFor(row, 0)?.replace(/ in .*$/u, "");
  const error = firstLine(errorOf(row));
  const line = [
    ...[row.id, row.target, shownStatus(row)],
    ...(waiting === undefined ? [] : [`waits for ${waiting}`]),
    ...(failed === undefined ? [] : [`(${failed} failed)`]),
  ].join("  ");
  return error === undefined ? line : `${line}: ${error}`;
}
