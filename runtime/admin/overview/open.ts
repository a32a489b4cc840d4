/** What an overview knows of an open invocation: a few fields of its head, so that many fit into memory. */
import type { HeadGlimpse } from "../../../lib/model/head-glimpse.ts";
import { OVERVIEW_ERROR_CHARS_MAX } from "../../../lib/limits/ui.ts";
import { type StatusView, viewStatus } from "../invocation-view.ts";

export interface OpenSummary {
  readonly id: string;
  readonly service: string;
  readonly handler: string;
  readonly key?: string;
  readonly status: StatusView;
  /** When it came to this status, as far as that was seen. Of one that fails again and again: when it began to. */
  readonly sinceMs: number;
  /** Of the last write of its head. */
  readonly modifiedAtMs: number;
  /** What its last attempt failed with. */
  readonly error?: string;
  /** When it is due: tried again, or started. */
  readonly dueAtMs?: number;
}

/** `undefined`: it has ended. `before`: as it was known. */
export function openOf(id: string, head: HeadGlimpse, before?: OpenSummary): OpenSummary | undefined {
  const { target, modifiedAtMs, dueAtMs, failure } = head;
  const status = viewStatus(head.status);
  if (status === "completed") return undefined;
  const isDue = (status === "backing-off" || status === "scheduled") && dueAtMs !== undefined;
  return {
    ...{ id, ...target, status, modifiedAtMs, sinceMs: sinceOf(status, head, before) },
    ...(failure === undefined ? {} : { error: failure.message.slice(0, OVERVIEW_ERROR_CHARS_MAX) }),
    ...(isDue ? { dueAtMs } : {}),
  };
}

function sinceOf(status: StatusView, { failure, modifiedAtMs }: HeadGlimpse, before?: OpenSummary): number {
  const failsOn = status !== "paused" && failure !== undefined && before?.error !== undefined;
  return before !== undefined && (before.status === status || failsOn) ? before.sinceMs : modifiedAtMs;
}
