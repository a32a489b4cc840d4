/** `GET /audit`, and where actions go: to the log that a server keeps, else to a line of its own log. */
import { asError } from "../../../lib/errors.ts";
import type { Clock, Logger } from "../../../lib/ports.ts";
import { shownId, storedId } from "../../../lib/model/shown-id.ts";
import { AUDIT_LIST_DEFAULT, AUDIT_LIST_MAX } from "../../../lib/limits/ui.ts";
import { type HttpRequest, type HttpResponse, jsonResponse } from "../../http/message.ts";
import { numberIn } from "../invocation.ts";
import { viewTime } from "../value-view.ts";
import { type AuditAction, actionsOf, type AuditLog } from "./action.ts";

export interface AuditPorts {
  /** Absent: actions are lines of the log. */
  readonly audit?: AuditLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

const view = ({ atMs, ...action }: AuditAction): object => ({ at: viewTime(atMs), ...action });

/** Never rejects: what was done is done. */
export async function recordActions(
  { audit, clock, logger }: AuditPorts,
  request: HttpRequest,
  segments: readonly string[],
  answer: HttpResponse,
): Promise<void> {
  const actions = actionsOf(request, segments, answer, clock.now());
  if (actions.length === 0) return;
  if (audit === undefined) {
    for (const action of actions) logger.log("info", "admin: action", { ...view(action) });
    return;
  }
  try {
    await audit.record(actions);
  } catch (error) {
    logger.log("warn", "admin: an action could not be recorded", { error: asError(error) });
  }
}

export function listActions({ audit }: AuditPorts, { query }: HttpRequest): HttpResponse {
  const limit = numberIn(query, "limit", { preset: AUDIT_LIST_DEFAULT, min: 1, max: AUDIT_LIST_MAX });
  const asked = query.get("id");
  const stored = asked === null ? undefined : storedId(asked);
  const id = stored === undefined ? asked : shownId(stored);
  const actions = audit?.list({ ...(id === null ? {} : { id }), limit }) ?? [];
  return jsonResponse(200, { actions: actions.map(view), kept: audit !== undefined });
}
