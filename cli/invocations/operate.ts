/**
 * `cancel`, `kill`, `pause`, `resume`, `restart`, `purge`: on ids, or on what a target or a filter finds.
 *
 * What is named by its id is done at once. What a search or stdin has chosen is shown first, and done when the user says yes.
 * The command says of each how it went, and ends with 0 only if all went well.
 */
import { eachAtOnce } from "../../lib/at-once.ts";
import {
  CLI_BULK_IDS,
  CLI_CHOSEN_DEFAULT,
  CLI_PREVIEW_MAX,
  CLI_REQUESTS_AT_ONCE,
} from "../../lib/limits/cli-invocations.ts";
import { type AdminClient, path } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { countIn } from "../count.ts";
import { CommandError, EXIT } from "../exit.ts";
import { AnswerFields } from "../fields.ts";
import type { Column } from "../table.ts";
import { type FilterOptions } from "./filters.ts";
import { type InvocationRow, shownStatus } from "./invocation.ts";
import type { OperationKind } from "./operations.ts";
import { positionOf } from "./positions.ts";
import { type ChosenInvocations, chosen } from "./targets.ts";

export interface OperateOptions extends FilterOptions {
  readonly limit?: string;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  /** Of a restart: a step's name, or its number. */
  readonly from?: string;
}

type Result = "done" | "refused" | "unknown" | "open";

interface Outcome {
  readonly id: string;
  readonly target: string | undefined;
  /** `unknown`: there is no such invocation. `open`: the server did not answer, so it may have been done. */
  readonly result: Result;
  readonly error?: string;
  readonly newId?: string;
}

export async function operate(
  cli: Cli,
  kind: OperationKind,
  names: readonly string[],
  options: OperateOptions,
): Promise<void> {
  const admin = await cli.admin();
  const limit =
    options.all === true ? Number.POSITIVE_INFINITY : countIn("--limit", options.limit, CLI_CHOSEN_DEFAULT);
  const progress = (found: number): void => cli.out.progress(`${found} found …`);
  const found = await chosen(admin, names, {
    ...filtersIn(kind, options),
    preset: kind.statuses,
    limit,
    progress,
  });
  cli.out.progressDone();
  if (found.ids.length === 0) throw nothing(kind, admin, options);
  if (options.dryRun === true) return await preview(cli, kind, found, Number.POSITIVE_INFINITY);
  if (!found.isByName) {
    if (cli.options.yes !== true) await preview(cli, kind, found, CLI_PREVIEW_MAX);
    await cli.confirm(`${capital(kind.name)} ${countOf(found.ids.length)}?`);
  }
  const outcomes = await doneTo(cli, admin, { kind, found, options });
  await report(cli, kind, outcomes);
  if (found.isMore) cli.out.warn(`more match than --limit ${limit} lets through: run it again, or add --all`);
  throwUnlessDone(kind, outcomes);
}

/** Where an invocation goes on is no filter. */
function filtersIn({ goesOn }: OperationKind, { deployment, ...filters }: OperateOptions): FilterOptions {
  return goesOn || deployment === undefined ? filters : { ...filters, deployment };
}

function nothing(kind: OperationKind, { address }: AdminClient, { status }: OperateOptions): CommandError {
  const searched = status === undefined ? ` It looks for those that are ${kind.statuses.join(", ")}.` : "";
  return new CommandError(`nothing to ${kind.name}: no invocation matches at ${address}.${searched}`, {
    exitCode: EXIT.nothing,
    advice: "`perdure ls --all-statuses` with the same filters shows what there is.",
  });
}

/** With `--dry-run` it is the command's data, else a note. */
async function preview(
  cli: Cli,
  kind: OperationKind,
  { ids, rows, isMore }: ChosenInvocations,
  most: number,
): Promise<void> {
  const shown = ids.slice(0, most).map((id) => rows.get(id) ?? id);
  const what = `Would ${kind.name} ${countOf(ids.length)}${isMore ? " (more match: --limit, --all)" : ""}.`;
  if (most === Number.POSITIVE_INFINITY) {
    const json = (row: InvocationRow | string): unknown =>
      typeof row === "string" ? { id: row } : row.fields.raw;
    await cli.out.list({ rows: shown, columns: PREVIEW, json, empty: what });
    return cli.out.note(what);
  }
  for (const row of shown) cli.out.note(`  ${PREVIEW.map(({ of }) => of(row) ?? "").join("  ")}`);
  if (ids.length > shown.length) cli.out.note(`  … and ${ids.length - shown.length} more`);
}

const PREVIEW: readonly Column<InvocationRow | string>[] = [
  { name: "ID", of: (row) => (typeof row === "string" ? row : row.id) },
  { name: "TARGET", of: (row) => (typeof row === "string" ? undefined : row.target), least: 12 },
  { name: "STATUS", of: (row) => (typeof row === "string" ? undefined : shownStatus(row)) },
];

interface Work {
  readonly kind: OperationKind;
  readonly found: ChosenInvocations;
  readonly options: OperateOptions;
}

async function doneTo(cli: Cli, admin: AdminClient, { kind, found, options }: Work): Promise<Outcome[]> {
  const { ids, rows } = found;
  const outcomes = new Map<string, Outcome>();
  const groups = options.from === undefined ? inGroups(ids, CLI_BULK_IDS) : ids.map((id) => [id]);
  await eachAtOnce(groups, options.from === undefined ? 1 : CLI_REQUESTS_AT_ONCE, async (group) => {
    for (const outcome of await many(admin, kind, { ids: group, options }))
      outcomes.set(outcome.id, { ...outcome, target: rows.get(outcome.id)?.target });
    cli.out.progress(`${outcomes.size} of ${ids.length} …`);
  });
  cli.out.progressDone();
  return ids.map((id) => outcomes.get(id) ?? { id, target: undefined, result: "open" });
}

const inGroups = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));

async function many(
  admin: AdminClient,
  kind: OperationKind,
  { ids, options }: { readonly ids: readonly string[]; readonly options: OperateOptions },
): Promise<Outcome[]> {
  const all = (result: Result, error: string): Outcome[] =>
    ids.map((id) => ({ id, target: undefined, result, error }));
  try {
    const [only = ""] = ids;
    const from = options.from === undefined ? undefined : await positionOf(admin, only, options.from);
    const deployment = kind.goesOn ? options.deployment : undefined;
    const body = { invocation_ids: ids, deployment, from };
    return outcomesIn(await admin.fields("POST", path`/invocations/${kind.path}`, { body }));
  } catch (error) {
    // What was done before is to be told in any case.
    if (!(error instanceof CommandError)) throw error;
    if (error.exitCode === EXIT.nothing) return all("unknown", error.message);
    return all(error.exitCode === EXIT.unreachable ? "open" : "refused", error.message);
  }
}

function outcomesIn(answer: AnswerFields): Outcome[] {
  const succeeded = answer.list("succeeded").map((one): Outcome => {
    if (typeof one === "string") return { id: one, target: undefined, result: "done" };
    const made = new AnswerFields(one, "answer.succeeded");
    const [id, newId] = [made.text("old_invocation_id"), made.text("new_invocation_id")];
    return { id, target: undefined, result: "done", newId };
  });
  const failed = answer.objects("failed").map((each): Outcome => {
    const [id, error] = [each.text("invocation_id"), each.text("error")];
    if (error.includes("does not exist"))
      return { id, target: undefined, result: "unknown", error: "there is no such invocation" };
    if (error.endsWith("bad format"))
      return { id, target: undefined, result: "unknown", error: "this is no invocation's id" };
    const reason = error.replace(/^The invocation '[^']*' /u, "").replace(/\.$/u, "");
    return { id, target: undefined, result: "refused", error: reason };
  });
  return [...succeeded, ...failed];
}

async function report(cli: Cli, kind: OperationKind, outcomes: readonly Outcome[]): Promise<void> {
  const isRestart = outcomes.some(({ newId }) => newId !== undefined);
  await cli.out.list({
    rows: outcomes,
    columns: [
      { name: "ID", of: ({ id }) => id },
      { name: "TARGET", of: ({ target }) => target, least: 12 },
      {
        name: "OUTCOME",
        of: ({ result, error }) =>
          result === "done" ? kind.done : `${SHOWN[result]}: ${error ?? "no answer"}`,
        least: 24,
      },
      ...(isRestart ? [{ name: "NEW ID", of: ({ newId }: Outcome) => newId }] : []),
    ],
    json: ({ id, target, result, error, newId }) => ({ id, target, result, error, new_invocation_id: newId }),
    empty: "nothing was done",
  });
  const done = outcomes.filter(({ result }) => result === "done").length;
  if (done === outcomes.length) cli.out.note(`${countOf(done)} ${done === 1 ? "was" : "were"} ${kind.done}.`);
}

const SHOWN: Readonly<Record<Exclude<Result, "done">, string>> = {
  refused: "refused",
  unknown: "not found",
  open: "not known",
};

/** A refusal is never a success. */
function throwUnlessDone(kind: OperationKind, outcomes: readonly Outcome[]): void {
  const count = (result: Result): number => outcomes.filter((each) => each.result === result).length;
  const done = count("done");
  if (done === outcomes.length) return;
  const parts = (["refused", "unknown", "open"] as const).flatMap((result) =>
    count(result) === 0 ? [] : [`${count(result)} ${SHOWN[result]}`],
  );
  const exitCode =
    done > 0
      ? EXIT.partly
      : count("unknown") === outcomes.length
        ? EXIT.nothing
        : count("open") === outcomes.length
          ? EXIT.unreachable
          : EXIT.failed;
  throw new CommandError(`${done} of ${countOf(outcomes.length)} ${kind.done}: ${parts.join(", ")}`, {
    exitCode,
  });
}

const countOf = (count: number): string => `${count} invocation${count === 1 ? "" : "s"}`;
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
