/** The history of an invocation's attempts: each turn of it is one, whatever it ended with. */
import type { Head } from "../../lib/model/head.ts";
import { isJournalExpired } from "../../lib/model/head-age.ts";
import { shownDeploymentId } from "../../lib/model/shown-id.ts";
import type { TurnEnd, TurnRecord } from "../../lib/model/turn-record.ts";
import { turnsIn } from "../../lib/model/turns.ts";
import { viewTime } from "./value-view.ts";

export interface AttemptView {
  readonly number: number;
  readonly started_at: string;
  readonly ended_at?: string;
  /** `killed`: the invocation was ended while it ran. */
  readonly outcome: TurnEnd | "killed";
  readonly error_code?: string;
  readonly error_message?: string;
  readonly deployment_id?: string;
}

export interface AttemptsView {
  readonly attempts: readonly AttemptView[];
  /** Between the first and the last ones. */
  readonly attempts_left_out: number;
}

/** When its first turn began. */
export function startedAt(head: Head): object {
  const { first, last } = turnsIn(head.turns, head.acceptedAtMs);
  const [turn] = [...first, ...last];
  return turn ? { started_at: viewTime(turn.fromMs) } : {};
}

/** They are hidden with the journal: their errors are the user's. */
export function viewAttempts(head: Head, nowMs: number): AttemptsView {
  if (isJournalExpired(head, nowMs)) return { attempts: [], attempts_left_out: 0 };
  const { first, leftOut, last } = turnsIn(head.turns, head.acceptedAtMs);
  const later = first.length + leftOut;
  const attempts = [
    ...first.map((turn, at) => viewTurn(turn, at + 1)),
    ...last.map((turn, at) => viewTurn(turn, later + at + 1)),
  ];
  const current = attempts.at(-1);
  if (current)
    attempts[attempts.length - 1] = { ...current, ...endOfCurrent(current, head), ...deploymentOf(head) };
  return { attempts, attempts_left_out: leftOut };
}

function viewTurn({ end, fromMs, untilMs, code, message }: TurnRecord, number: number): AttemptView {
  return {
    number,
    started_at: viewTime(fromMs),
    ...(untilMs === undefined ? {} : { ended_at: viewTime(untilMs) }),
    outcome: end,
    ...(code === undefined ? {} : { error_code: `RT${String(code).padStart(4, "0")}` }),
    ...(message === undefined ? {} : { error_message: message }),
  };
}

const deploymentOf = ({ deployment }: Head): Pick<AttemptView, "deployment_id"> =>
  deployment === undefined ? {} : { deployment_id: shownDeploymentId(deployment) };

/** What has stopped a turn from outside wrote nothing of it. */
function endOfCurrent({ outcome }: AttemptView, { status, modifiedAtMs }: Head): Partial<AttemptView> {
  if (outcome !== "running" || status === "running") return {};
  if (status === "paused" || status === "completed")
    return { outcome: status === "paused" ? "paused" : "killed", ended_at: viewTime(modifiedAtMs) };
  return { outcome: "died" };
}
