/** An invocation as the admin API answers it, with what the commands look at. */
import { type AnswerFields } from "../fields.ts";
import { shortDuration, timeOf } from "../time.ts";

export interface InvocationRow {
  readonly id: string;
  /** `Service/handler`, `Object/key/handler`. */
  readonly target: string;
  readonly service: string;
  readonly handler: string;
  readonly key: string | undefined;
  readonly status: string;
  readonly fields: AnswerFields;
}

export const invocationIn = (fields: AnswerFields): InvocationRow => ({
  id: fields.text("id"),
  target: fields.text("target"),
  service: fields.text("target_service_name"),
  handler: fields.text("target_handler_name"),
  key: fields.optionalText("target_service_key"),
  status: fields.text("status"),
  fields,
});

/** Which may still do something. */
export const OPEN = [
  ...(["scheduled", "pending", "ready", "running"] as const),
  ...(["suspended", "backing-off", "paused"] as const),
];
export const STATUSES: readonly string[] = [...OPEN, "completed"];

/** The status, and of what has completed how. */
export function shownStatus({ status, fields }: InvocationRow): string {
  if (status !== "completed") return status;
  return fields.optionalText("completion_result") === "failure" ? "failed" : "succeeded";
}

/** Since it was accepted; of what has ended until then. */
export function ageOf({ fields }: InvocationRow, nowMs = Date.now()): number | undefined {
  const createdMs = timeOf(fields.optionalText("created_at"));
  return createdMs === undefined ? undefined : nowMs - createdMs;
}

/** Attempts in a row that have failed. */
export function failedAttempts({ fields }: InvocationRow): number | undefined {
  const count = fields.optionalNumber("retry_count") ?? 0;
  return count === 0 ? undefined : count;
}

/** What has to come before it goes on. `undefined`: nothing. */
export function waitingFor(row: InvocationRow, nowMs = Date.now()): string | undefined {
  const { status, fields, service, key } = row;
  const until = (name: string): string => {
    const atMs = timeOf(fields.optionalText(name));
    return atMs === undefined ? "" : ` in ${shortDuration(atMs - nowMs)}`;
  };
  if (status === "scheduled") return `its start${until("scheduled_start_at")}`;
  if (status === "backing-off") return `its next attempt${until("next_retry_at")}`;
  if (status === "pending") return key === undefined ? "its turn" : `the key ${service}/${key}`;
  if (status === "paused") return "resume";
  return status === "suspended" ? shownWait(fields.optionalText("waiting_on"), nowMs) : undefined;
}

/** `sleep until 2026-11-29T01:11:48.678Z (command 0)` is `sleep for 16m`. */
export const shownWait = (text: string | undefined, nowMs: number): string | undefined =>
  text
    ?.replaceAll(/ until (\d{4}-\d\d-\d\dT[\d:.]+Z)/gu, (all, time: string) => {
      const atMs = timeOf(time);
      return atMs === undefined ? all : ` for ${shortDuration(atMs - nowMs)}`;
    })
    .replaceAll(/ \(command \d+\)/gu, "");

/** How it has failed, or how its last attempt has. */
export const errorOf = ({ status, fields }: InvocationRow): string | undefined =>
  status === "completed" ? fields.optionalText("completion_failure") : fields.optionalText("last_failure");

export const firstLine = (text: string | undefined): string | undefined => text?.split("\n", 1)[0];

/** Who called it, in short. */
export function calledBy({ fields }: InvocationRow): string | undefined {
  const from = fields.optionalText("restarted_from");
  if (from !== undefined) return `restart of ${from}`;
  return fields.optionalText("invoked_by_id") ?? fields.optionalText("invoked_by");
}
