/** A few of a head's fields: for one who looks at each head that is written, and must be quick. */
import { type Head, HEAD_ATTRIBUTE, type Status } from "./head.ts";
import type { Attributes } from "./item.ts";
import { decodeOutcome } from "./outcome.ts";
import type { TurnFailure } from "../protocol.ts";

/** A whole head is one, too. */
export interface HeadGlimpse extends Pick<
  Head,
  "status" | "target" | "acceptedAtMs" | "modifiedAtMs" | "dueAtMs"
> {
  /** Of its last attempt. */
  readonly failure?: Pick<TurnFailure, "message">;
}

export function glimpseOf(item: Attributes): HeadGlimpse {
  const [service, handler, key] = item[HEAD_ATTRIBUTE.target] as [string, string, string?];
  const { failure } = (item[HEAD_ATTRIBUTE.attempt] ?? {}) as {
    readonly failure?: { readonly message: string };
  };
  const dueAtMs = item[HEAD_ATTRIBUTE.dueAtMs];
  return {
    status: item[HEAD_ATTRIBUTE.status] as Status,
    target: key === undefined ? { service, handler } : { service, handler, key },
    acceptedAtMs: Number(item[HEAD_ATTRIBUTE.acceptedAtMs] ?? 0),
    modifiedAtMs: Number(item[HEAD_ATTRIBUTE.modifiedAtMs] ?? 0),
    ...(dueAtMs === undefined ? {} : { dueAtMs: Number(dueAtMs) }),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** Of one that has ended. */
export const hasSucceeded = (item: Attributes): boolean => decodeOutcome(item[HEAD_ATTRIBUTE.outcome]).ok;
