/** What an overview knows of an open invocation: a few fields of its head, so that many fit into memory. */
import { type Head, HEAD_ATTRIBUTE, isStub, type Status } from "../../../lib/model/head.ts";
import type { Attributes } from "../../../lib/model/item.ts";
import type { Value } from "../../../lib/model/value.ts";
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

const A = HEAD_ATTRIBUTE;

/** `undefined`: there is none, or it has ended. `before`: as it was known. */
export function openIn(
  id: string,
  item: Attributes | undefined,
  before?: OpenSummary,
): OpenSummary | undefined {
  if (item === undefined || isStub(item)) return undefined;
  const status = viewStatus(item[A.status] as Status);
  if (status === "completed") return undefined;
  const [service, handler, key] = item[A.target] as [string, string, string?];
  const modifiedAtMs = Number(item[A.modifiedAtMs] ?? 0);
  const error = errorIn(item[A.attempt]);
  const failsOn = status !== "paused" && error !== undefined && before?.error !== undefined;
  const goesOn = before !== undefined && (before.status === status || failsOn);
  const dueAtMs = item[A.dueAtMs];
  return {
    ...{ id, service, handler, status, modifiedAtMs },
    ...(key === undefined ? {} : { key }),
    sinceMs: goesOn ? before.sinceMs : modifiedAtMs,
    ...(error === undefined ? {} : { error }),
    ...dueOf(status, dueAtMs === undefined ? undefined : Number(dueAtMs)),
  };
}

/** The same, of a head that has been read. */
export function openOf(id: string, { status, target, modifiedAtMs, dueAtMs, failure }: Head): OpenSummary {
  return {
    ...{ id, ...target, status: viewStatus(status), modifiedAtMs, sinceMs: modifiedAtMs },
    ...(failure === undefined ? {} : { error: failure.message.slice(0, OVERVIEW_ERROR_CHARS_MAX) }),
    ...dueOf(viewStatus(status), dueAtMs),
  };
}

const dueOf = (status: StatusView, dueAtMs: number | undefined): { readonly dueAtMs?: number } =>
  (status === "backing-off" || status === "scheduled") && dueAtMs !== undefined ? { dueAtMs } : {};

function errorIn(attempt: Value | undefined): string | undefined {
  const { failure } = (attempt ?? {}) as { readonly failure?: { readonly message?: unknown } };
  const message = failure?.message;
  return typeof message === "string" ? message.slice(0, OVERVIEW_ERROR_CHARS_MAX) : undefined;
}
