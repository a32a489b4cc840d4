/** A row's words: what it waits for, its error, or how it ended; for how long; and which attempt it is. */
import type { Invocation } from "../../admin/invocation.ts";
import type { ServiceInfo } from "../../admin/service.ts";
import { timeOf } from "../../admin/fields.ts";
import { counted } from "../../words/text.ts";
import { clockTime, duration, minuteTime, ticking } from "../../words/time.ts";
import { dueOf, isOpenEnded, waitText } from "../../words/wait.ts";
import { tookMs } from "./order.ts";

export interface RowWords {
  readonly first: string;
  readonly second?: string | undefined;
}

/** Who stands before a parked invocation. */
export interface Parked {
  /** From 0. */
  readonly place: number;
  readonly count: number;
  readonly ownerTarget: string;
  readonly ownerStatus: string;
}

export interface RowContext {
  readonly parked?: Parked | undefined;
  /** How many others on the screen have the same error. */
  readonly sameError?: number | undefined;
}

export function wordsOf(row: Invocation, nowMs: number, { parked, sameError }: RowContext = {}): RowWords {
  switch (row.status) {
    case "paused":
      return {
        first: errorWords(row) ?? "Somebody has paused it",
        second: inWords(["does not go on by itself", sameWords(sameError)]),
      };
    case "backing-off":
      return {
        first: errorWords(row) ?? "An attempt has failed",
        second: inWords([retryWords(row, nowMs), sameWords(sameError)]),
      };
    case "pending":
      return parkedWords(parked);
    case "ready":
      return { first: "Accepted, and about to run" };
    case "running":
      return runningWords(row);
    case "suspended":
      return suspendedWords(row, nowMs);
    case "scheduled":
      return { first: `Starts at ${clockTime(row.scheduledMs ?? nowMs, nowMs)}`, second: originWords(row) };
    case "completed":
      return endedWords(row, nowMs);
  }
}

const sameWords = (count: number | undefined): string | undefined =>
  count === undefined || count === 0 ? undefined : `same error in ${counted(count, "other")}`;

/** Of each invocation that is paused or retried: how many others have its error, whose numbers do not count. */
export function sameErrors(rows: readonly Invocation[]): ReadonlyMap<string, number> {
  const stuck = rows.filter(({ status }) => status === "paused" || status === "backing-off");
  const nameOf = (row: Invocation): string =>
    JSON.stringify([
      row.target.service,
      row.target.handler,
      (errorWords(row) ?? "").replaceAll(/\d+/gu, "#"),
    ]);
  const groups = Map.groupBy(stuck, nameOf);
  return new Map(stuck.map((row) => [row.id, (groups.get(nameOf(row))?.length ?? 1) - 1]));
}

/** The error's first line, with the step that it belongs to. */
export function errorWords(row: Invocation): string | undefined {
  const [line = ""] = (row.lastFailure ?? "").trimStart().split("\n");
  if (line === "") return undefined;
  const name = row.fields.optionalText("last_failure_related_command_name");
  const type = row.fields.optionalText("last_failure_related_command_type");
  if (name === undefined || name === "") return line;
  return `${type === undefined || type === "run" ? "Step" : type} “${name}”: ${line}`;
}

function retryWords({ nextRetryMs, lastFailureCode }: Invocation, nowMs: number): string {
  const next = nextRetryMs === undefined ? "tried again soon" : `next at ${clockTime(nextRetryMs, nowMs)}`;
  return lastFailureCode === undefined ? next : `${lastFailureCode} · ${next}`;
}

function parkedWords(parked: Parked | undefined): RowWords {
  if (parked === undefined)
    return { first: "Waits for the invocation that has its key", second: "one after the other" };
  const { place, count, ownerTarget, ownerStatus } = parked;
  const handler = ownerTarget.slice(ownerTarget.lastIndexOf("/") + 1);
  const where = count === 1 ? "Next" : `${ordinal(place + 1)} of ${count}`;
  return {
    first: `${where} behind ${handler}, which is ${ownerWord(ownerStatus)}`,
    second: "one after the other",
  };
}

const ownerWord = (status: string): string => (status === "backing-off" ? "retrying" : status);

const TEENS = [11, 12, 13];
/** `3rd`. */
export function ordinal(place: number): string {
  const ending = TEENS.includes(place % 100) ? "th" : (["th", "st", "nd", "rd"][place % 10] ?? "th");
  return `${place}${ending}`;
}

function runningWords(row: Invocation): RowWords {
  const error = errorWords(row);
  if (row.retryCount === 0 || error === undefined)
    return {
      first: "Runs",
      second: entries(row),
    };
  return { first: `Runs again after: ${error}`, second: `${counted(row.retryCount, "attempt")} have failed` };
}

function suspendedWords({ waiting }: Invocation, nowMs: number): RowWords {
  if (waiting === undefined) return { first: "Waits", second: NOTHING_RUNS };
  const dueMs = dueOf(waiting);
  const due =
    dueMs === undefined ? undefined : `goes on in ${ticking(Math.max(0, dueMs - nowMs))} at the latest`;
  return {
    first: `Waits for ${waitText(waiting, nowMs)}`,
    second: due ?? (isOpenEnded(waiting) ? "without a time limit" : NOTHING_RUNS),
  };
}
const NOTHING_RUNS = "nothing runs, and nothing is paid for";

function originWords({ invokedById }: Invocation): string {
  return invokedById === undefined ? "sent with a delay" : "sent with a delay by another invocation";
}

function endedWords(row: Invocation, nowMs: number): RowWords {
  const until = timeOf(row.fields, "expires_at");
  const kept = until === undefined ? undefined : `kept until ${minuteTime(until, nowMs)}`;
  if (row.failure === undefined) return { first: "Returned a result", second: inWords([entries(row), kept]) };
  if (row.look.look === "cancelled") {
    const isKilled = row.failure.message === "killed";
    const first = isKilled ? "Killed: its code did not run any more" : "Cancelled";
    return {
      first: row.failure.message === "cancelled" || isKilled ? first : row.failure.message,
      second: kept,
    };
  }
  return {
    first: row.failure.message,
    second: inWords(["terminal: it was not tried again", kept]),
  };
}

const inWords = (parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join(" · ");

const entries = ({ journalSize }: Invocation): string | undefined =>
  journalSize === 0 ? undefined : `${counted(journalSize, "operation")} recorded`;

/** For how long, and since when. */
export function agesOf(row: Invocation, nowMs: number): { readonly for: string; readonly since: string } {
  const { status, createdMs, modifiedMs, completedMs } = row;
  if (status === "completed")
    return {
      for: duration(tookMs(row, nowMs)),
      since: `ended ${minuteTime(completedMs ?? modifiedMs, nowMs)}`,
    };
  const startedMs = status === "running" ? timeOf(row.fields, "started_at") : undefined;
  if (startedMs !== undefined)
    return { for: ticking(nowMs - startedMs), since: `began ${minuteTime(startedMs, nowMs)}` };
  const isAtRest = status === "suspended" || status === "paused";
  const fromMs = isAtRest ? modifiedMs : createdMs;
  return {
    for: ticking(nowMs - fromMs),
    since: `${isAtRest ? "since" : status === "scheduled" ? "sent" : "accepted"} ${minuteTime(fromMs, nowMs)}`,
  };
}

export type AttemptLimits = ReadonlyMap<string, number>;
/** How many attempts each handler has at most, by `service/handler`. */
export function attemptLimits(services: readonly ServiceInfo[]): AttemptLimits {
  const limits = new Map<string, number>();
  for (const { name, fields, handlers } of services) {
    const common = fields.object("retry_policy")?.optionalNumber("max_attempts");
    for (const handler of handlers) {
      const own = handler.fields.object("retry_policy")?.optionalNumber("max_attempts") ?? common;
      if (own !== undefined) limits.set(`${name}/${handler.name}`, own);
    }
  }
  return limits;
}

/** `6/20`; a dash where none has begun. */
export function attemptWords({ status, retryCount, target }: Invocation, limits: AttemptLimits): string {
  if (status === "scheduled" || status === "pending" || status === "ready") return "–";
  if (retryCount === 0) return status === "completed" || status === "suspended" ? "–" : "1";
  const limit = limits.get(`${target.service}/${target.handler}`);
  const now = status === "running" ? retryCount + 1 : retryCount;
  return limit === undefined ? String(now) : `${now}/${limit}`;
}
