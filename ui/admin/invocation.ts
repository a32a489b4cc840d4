/** An invocation as the admin API answers it: `GET /invocations` and `GET /invocations/{id}`. */
import type { AnswerFields } from "../../lib/answer-fields.ts";
import { type Status, lookOf, type StatusLook } from "../words/status.ts";
import type { Target } from "../words/target.ts";
import { type Waiting, waitingOf } from "../words/wait.ts";
import { present, timeOf } from "./fields.ts";

export type { Target };

export interface Invocation {
  readonly id: string;
  readonly target: Target;
  readonly status: Status;
  readonly look: StatusLook;
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly scheduledMs?: number;
  readonly completedMs?: number;
  readonly nextRetryMs?: number;
  readonly retryCount: number;
  readonly journalSize: number;
  readonly waiting?: Waiting;
  readonly lastFailure?: string;
  readonly lastFailureCode?: string;
  /** Of what has ended in a failure. */
  readonly failure?: { readonly code: number; readonly message: string };
  readonly deployment?: string;
  readonly invokedById?: string;
  readonly idempotencyKey?: string;
  /** Whatever else was answered. */
  readonly fields: AnswerFields;
}

export function invocationOf(fields: AnswerFields): Invocation {
  const key = fields.optionalText("target_service_key");
  const status = fields.text("status") as Status;
  const failure = failureOf(fields.optionalText("completion_failure"));
  return {
    id: fields.text("id"),
    target: {
      service: fields.text("target_service_name"),
      handler: fields.text("target_handler_name"),
      ...(key === undefined ? {} : { key }),
    },
    ...{ status, look: lookOf(status, failure) },
    createdMs: timeOf(fields, "created_at") ?? 0,
    modifiedMs: timeOf(fields, "modified_at") ?? 0,
    ...present("scheduledMs", timeOf(fields, "scheduled_start_at")),
    ...present("completedMs", timeOf(fields, "completed_at")),
    ...present("nextRetryMs", timeOf(fields, "next_retry_at")),
    retryCount: fields.optionalNumber("retry_count") ?? 0,
    journalSize: fields.optionalNumber("journal_size") ?? 0,
    ...present("waiting", waitingOf(fields.object("waiting_for"))),
    ...present("lastFailure", fields.optionalText("last_failure")),
    ...present("lastFailureCode", fields.optionalText("last_failure_error_code")),
    ...present("failure", failure),
    ...present("deployment", fields.optionalText("pinned_deployment_id")),
    ...present("invokedById", fields.optionalText("invoked_by_id")),
    ...present("idempotencyKey", fields.optionalText("idempotency_key")),
    fields,
  };
}

/** Its text is `[409] cancelled`. */
function failureOf(text: string | undefined): { code: number; message: string } | undefined {
  if (text === undefined) return undefined;
  const [, code = "500", message = text] = /^\[(\d+)\] ([\s\S]*)$/u.exec(text) ?? [];
  return { code: Number(code), message };
}
