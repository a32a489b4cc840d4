/** All that the admin API knows of one invocation: what `perdure show --json` prints. */
import { eachAtOnce } from "../../lib/at-once.ts";
import {
  CALLEES_ASKED_MAX,
  CLI_REQUESTS_AT_ONCE,
  WAITING_SHOWN_MAX,
} from "../../lib/limits/cli-invocations.ts";
import { type AdminClient, jsonOf, path, Refusal } from "../admin-client.ts";
import { costOf, sumOf } from "../../lib/cost-estimate.ts";
import { journaledOf } from "../costs/journaled.ts";
import { CommandError, EXIT } from "../exit.ts";
import { AnswerFields } from "../fields.ts";
import { invocationIn, type InvocationRow } from "./invocation.ts";
import { journalBy, type JournalStep, stepsOf } from "./journal.ts";

export interface Described {
  readonly row: InvocationRow;
  readonly journal: AnswerFields;
  readonly steps: readonly JournalStep[];
  /** Those that it has called or sent to, and that can be found. */
  readonly callees: ReadonlyMap<string, InvocationRow>;
  /** The one that has called it, if it can be found. */
  readonly caller: InvocationRow | undefined;
  readonly lock: LockView | undefined;
}

export interface LockView {
  readonly fields: AnswerFields;
  /** `undefined`: nobody, or one that has not rested yet. */
  readonly owner: string | undefined;
  readonly ownerRow: InvocationRow | undefined;
  readonly waiting: readonly string[];
  readonly waitingCount: number;
}

/** Throws {@link CommandError} if there is no such invocation. */
export async function readInvocation(admin: AdminClient, id: string): Promise<InvocationRow> {
  try {
    return invocationIn(await admin.fields("GET", path`/invocations/${id}`));
  } catch (error) {
    if (!(error instanceof Refusal) || (error.status !== 404 && error.status !== 400)) throw error;
    const why =
      error.status === 400
        ? `"${id}" is no invocation's id`
        : `there is no invocation ${id} at ${admin.address}`;
    throw new CommandError(why, {
      exitCode: EXIT.nothing,
      advice:
        "It may be purged, or its retention over; what was just accepted may not show yet. `perdure ls --all-statuses` lists those that there are.",
    });
  }
}

/** `undefined`: there is none. */
export const optionalRow = async (admin: AdminClient, id: string): Promise<InvocationRow | undefined> => {
  try {
    return await readInvocation(admin, id);
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === EXIT.nothing) return undefined;
    throw error;
  }
};

export async function describedBy(admin: AdminClient, id: string): Promise<Described> {
  const row = await readInvocation(admin, id);
  const journal = await journalBy(admin, id);
  const steps = stepsOf(journal);
  const callees = new Map<string, InvocationRow>();
  const ids = [...new Set(steps.flatMap(({ callee }) => callee ?? []))].slice(0, CALLEES_ASKED_MAX);
  await eachAtOnce(ids, CLI_REQUESTS_AT_ONCE, async (callee) => {
    const found = await optionalRow(admin, callee);
    if (found) callees.set(callee, found);
  });
  const callerId = row.fields.optionalText("invoked_by_id");
  const caller = callerId === undefined ? undefined : await optionalRow(admin, callerId);
  return { row, journal, steps, callees, caller, lock: await lockOf(admin, row) };
}

/** Of what holds a key, or may. */
async function lockOf(
  admin: AdminClient,
  { id, service, key, status }: InvocationRow,
): Promise<LockView | undefined> {
  if (key === undefined || status === "completed") return undefined;
  const answer = await admin.raw("GET", path`/services/${service}/locks/${key}`, {
    query: { limit: WAITING_SHOWN_MAX },
  });
  // A service that is gone, or a server of an earlier version.
  if (answer.status !== 200) return undefined;
  const fields = new AnswerFields(jsonOf(answer), "lock");
  const owner = fields.object("owner")?.text("invocation_id");
  return {
    ...{ fields, owner },
    ownerRow: owner === undefined || owner === id ? undefined : await optionalRow(admin, owner),
    waiting: fields.list("waiting").map(String),
    waitingCount: fields.number("waiting_count"),
  };
}

/** Of a million such invocations in AWS: an estimate, as far as the journal goes. */
export const dollarsPerMillion = ({ row, journal }: Pick<Described, "row" | "journal">): number =>
  sumOf(costOf(journaledOf(row, journal)));

/** With what was asked for besides: docs/cli.md has the fields. */
export const describedJson = ({ row, journal, callees, caller, lock }: Described): unknown => ({
  ...row.fields.raw,
  dollars_per_million: dollarsPerMillion({ row, journal }),
  journal: journal.raw,
  callees: [...callees.values()].map(({ fields }) => fields.raw),
  ...(caller === undefined ? {} : { caller: caller.fields.raw }),
  ...(lock === undefined ? {} : { lock: lock.fields.raw }),
});
