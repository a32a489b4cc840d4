/** Invocations that have not completed, as far as the admin API lists them: what commands count by. */
import { OPEN_PAGE, OPEN_PAGES_MAX } from "../lib/limits/cli.ts";
import type { AdminClient } from "./admin-client.ts";
import type { AnswerFields } from "./fields.ts";

export interface OpenInvocation {
  readonly id: string;
  readonly service: string;
  readonly handler: string;
  readonly key: string | undefined;
  readonly status: string;
  readonly createdAt: string;
  readonly modifiedAt: string;
  /** The deployment that it is pinned to, once it has begun. */
  readonly deployment: string | undefined;
  readonly lastFailure: string | undefined;
}

export interface OpenFilter {
  readonly service?: string;
  readonly deployment?: string;
  readonly statuses?: readonly string[];
}

/** In the order in which people look for trouble: what has not begun first. */
export const OPEN_STATUSES = [
  ...(["pending", "scheduled", "ready", "running"] as const),
  ...(["backing-off", "suspended", "paused"] as const),
] as const;

export interface OpenInvocations {
  readonly found: readonly OpenInvocation[];
  /** False: there are more than are counted here. */
  readonly isAll: boolean;
}

export async function openInvocations(admin: AdminClient, filter: OpenFilter = {}): Promise<OpenInvocations> {
  const { service, deployment, statuses = OPEN_STATUSES } = filter;
  const found: OpenInvocation[] = [];
  let after: string | undefined;
  for (let page = 0; page < OPEN_PAGES_MAX; page++) {
    const query = { service, deployment, status: statuses.join(","), limit: OPEN_PAGE, after };
    const answer = await admin.fields("GET", "/invocations", { query });
    found.push(...answer.objects("invocations").map(openInvocationIn));
    after = answer.optionalText("next");
    if (after === undefined) return { found, isAll: true };
  }
  return { found, isAll: false };
}

/** Of an answer about one invocation. */
export const openInvocationIn = (fields: AnswerFields): OpenInvocation => ({
  id: fields.text("id"),
  service: fields.text("target_service_name"),
  handler: fields.text("target_handler_name"),
  key: fields.optionalText("target_service_key"),
  status: fields.text("status"),
  createdAt: fields.text("created_at"),
  modifiedAt: fields.text("modified_at"),
  deployment: fields.optionalText("pinned_deployment_id"),
  lastFailure: fields.optionalText("last_failure"),
});

/** `12`, or `50000+` if there are more than were counted. */
export const countText = (count: number, isAll: boolean): string => (isAll ? String(count) : `${count}+`);
