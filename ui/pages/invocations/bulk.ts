/**
 * One verb on many invocations: which of them it is for, what becomes of the others, and how it went with each.
 *
 * What is done is what was shown: the ids are gathered before somebody says yes, and the server is asked by id.
 */
import { ask, askFields } from "../../admin/client.ts";
import { type Invocation, invocationOf } from "../../admin/invocation.ts";
import { AnswerFields } from "../../../lib/answer-fields.ts";
import type { Status, StatusLook } from "../../words/status.ts";
import { queriesOf, type Wanted } from "./load.ts";

export type Verb = "resume" | "pause" | "cancel" | "kill" | "restart-as-new" | "purge";

export interface VerbWords {
  readonly label: string;
  /** "3 cancelled" */
  readonly past: string;
  /** What it does, and what it does not undo. */
  readonly does: string;
  readonly isDanger?: boolean;
  /** Nothing can be undone: in production it must be typed. */
  readonly isFinal?: boolean;
  /** Whether it takes a deployment. */
  readonly moves?: boolean;
}

export const VERBS: Readonly<Record<Verb, VerbWords>> = {
  resume: {
    label: "Resume",
    past: "resumed",
    does: "What is paused goes on from its journal; what backs off is tried again now. Steps that are recorded do not run again.",
    moves: true,
  },
  pause: {
    label: "Pause",
    past: "paused",
    does: "Each stops at its next write, and stays until it is resumed. Nothing is undone, and nothing is lost.",
  },
  cancel: {
    label: "Cancel",
    past: "cancelled",
    does: "Each gets a cancellation at its next await, and may undo what it did. A paused one is released for that; what has not begun ends at once.",
    isDanger: true,
  },
  kill: {
    label: "Kill",
    past: "killed",
    does: "Each ends without running its code: nothing is undone. Calls that it awaits are killed, too; sends go on.",
    isDanger: true,
    isFinal: true,
  },
  "restart-as-new": {
    label: "Restart as new",
    past: "restarted",
    does: "Each is called again with its input, as another invocation. Everything that it does is done once more.",
    moves: true,
  },
  purge: {
    label: "Purge",
    past: "purged",
    does: "Results, journals and inputs are deleted; of a workflow, also its state and promises. This cannot be undone.",
    isDanger: true,
    isFinal: true,
  },
};

const ENDED = "has ended already";
const NOT_BEGUN = "has not begun";
const UNBEGUN: readonly Status[] = ["scheduled", "ready", "pending"];

/** Why a verb is not for an invocation; `undefined`: it is. `isMoved`: to another deployment. */
export function refusalOf(verb: Verb, { status }: Invocation, isMoved = false): string | undefined {
  const isEnded = status === "completed";
  if (verb === "purge" || verb === "restart-as-new")
    return isEnded ? undefined : "has not ended yet: cancel it first";
  if (isEnded) return ENDED;
  if (verb === "pause") {
    if (status === "paused") return "is paused already";
    return UNBEGUN.includes(status) ? NOT_BEGUN : undefined;
  }
  if (verb !== "resume") return undefined;
  if (status === "backing-off") return isMoved ? "is not paused: pause it first to move it" : undefined;
  return status === "paused" ? undefined : "goes on by itself";
}

export interface PreviewGroup {
  readonly look: StatusLook;
  readonly count: number;
  /** Absent: the verb is for them. */
  readonly refusal?: string;
}

export interface Preview {
  /** Those that the verb is for. */
  readonly meant: readonly Invocation[];
  readonly groups: readonly PreviewGroup[];
}

/** By status, those that are meant first. */
export function previewOf(verb: Verb, rows: readonly Invocation[], isMoved = false): Preview {
  const groups = new Map<string, PreviewGroup>();
  const meant: Invocation[] = [];
  for (const row of rows) {
    const refusal = refusalOf(verb, row, isMoved);
    if (refusal === undefined) meant.push(row);
    const key = `${row.look.word} ${refusal ?? ""}`;
    const count = (groups.get(key)?.count ?? 0) + 1;
    groups.set(key, { look: row.look, count, ...(refusal !== undefined && { refusal }) });
  }
  const order = ({ refusal }: PreviewGroup): number => (refusal === undefined ? 0 : 1);
  return { meant, groups: [...groups.values()].toSorted((a, b) => order(a) - order(b) || b.count - a.count) };
}

/** In production a final verb wants this to be typed. */
export const typedFor = (verb: Verb, count: number): string => `${VERBS[verb].label.toLowerCase()} ${count}`;

// --- Gathering all that match.

/** So many are gathered; the reader is told if there are more. */
export const GATHERED_MAX = 10_000;
const GATHER_PAGE = 1000;

export interface Gathered {
  readonly rows: readonly Invocation[];
  readonly isCut: boolean;
}

export async function gatherAll(
  wanted: Pick<Wanted, "filter" | "scan">,
  nowMs: number,
  signal: AbortSignal,
): Promise<Gathered> {
  const rows = new Map<string, Invocation>();
  const all = queriesOf({ ...wanted, order: "oldest", limit: GATHER_PAGE }, nowMs);
  for (const query of all) {
    let after: string | undefined;
    do {
      const page = new URLSearchParams({ ...query, ...(after === undefined ? {} : { after }) });
      const answer = await askFields(`/invocations?${page.toString()}`, { signal });
      for (const row of answer.objects("invocations").map(invocationOf)) rows.set(row.id, row);
      after = answer.optionalText("next");
      if (after !== undefined && rows.size >= GATHERED_MAX)
        return { rows: [...rows.values()].slice(0, GATHERED_MAX), isCut: true };
    } while (after !== undefined);
  }
  return { rows: [...rows.values()], isCut: false };
}

// --- Doing it.

/** So many ids go in one request: progress is seen, and a stop is soon. */
export const BATCH_IDS = 50;

export interface Refused {
  readonly id: string;
  readonly why: string;
}

export interface Progress {
  readonly total: number;
  readonly done: number;
  readonly refused: readonly Refused[];
  /** New invocations, of a restart. */
  readonly made: readonly string[];
  /** Of those, nobody knows: the request had no answer. */
  readonly open: readonly string[];
}

export interface BulkRun {
  readonly verb: Verb;
  readonly ids: readonly string[];
  readonly deployment?: string | undefined;
}

/** Asks batch by batch, until it is stopped. Never rejects: what has no answer is `open`, and ends it. */
export async function runBulk(
  { verb, ids, deployment }: BulkRun,
  tell: (progress: Progress) => void,
  isStopped: () => boolean,
): Promise<Progress> {
  let progress: Progress = { total: ids.length, done: 0, refused: [], made: [], open: [] };
  for (let from = 0; from < ids.length && !isStopped(); from += BATCH_IDS) {
    const batch = ids.slice(from, from + BATCH_IDS);
    const body = { invocation_ids: batch, ...(deployment === undefined ? {} : { deployment }) };
    try {
      const answer = await ask(`/invocations/${verb}`, { method: "POST", body });
      progress = withAnswer(progress, new AnswerFields(answer, "answer"));
    } catch {
      progress = { ...progress, open: batch };
      tell(progress);
      break;
    }
    tell(progress);
  }
  return progress;
}

function withAnswer(progress: Progress, answer: AnswerFields): Progress {
  const succeeded = answer.list("succeeded");
  const made = succeeded.flatMap((one) =>
    typeof one === "object" && one !== null && "new_invocation_id" in one
      ? [String(one.new_invocation_id)]
      : [],
  );
  const refused = answer
    .objects("failed")
    .map((one): Refused => ({ id: one.text("invocation_id"), why: one.text("error") }));
  return {
    ...progress,
    done: progress.done + succeeded.length,
    refused: [...progress.refused, ...refused],
    made: [...progress.made, ...made],
  };
}

/** How many have been neither done nor refused. */
export const leftOf = ({ total, done, refused }: Progress): number => total - done - refused.length;
