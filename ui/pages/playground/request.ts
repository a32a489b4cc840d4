/** A request to a handler, as it is being written: what is sent, and the code that does the same. */
import { parseDuration } from "../../../lib/duration.ts";
import { path } from "../../admin/client.ts";

export type Kind = "Service" | "VirtualObject" | "Workflow";

export interface Draft {
  readonly service: string;
  readonly handler: string;
  readonly type: Kind;
  /** As Restate names it: a workflow's run is `Workflow`. */
  readonly handlerKind: string | undefined;
  readonly key: string;
  readonly how: "call" | "send";
  /** As it is typed: `10s`, `1h 30m`. Empty: none. */
  readonly delay: string;
  readonly idempotencyKey: string;
  readonly headers: readonly (readonly [string, string])[];
  /** As it is sent. Empty: no input. */
  readonly input: string;
  /** Of the input. */
  readonly contentType: string;
}

export const JSON_TYPE = "application/json";

export const isKeyed = ({ type }: Pick<Draft, "type">): boolean => type !== "Service";

/** Below the ingress: `/restate/call/Order/ord-1/checkout`. */
export function requestPath(draft: Draft): string {
  const { service, key, handler, how, delay } = draft;
  const target = isKeyed(draft) ? path`/${service}/${key}/${handler}` : path`/${service}/${handler}`;
  const query = how === "send" && delay !== "" ? `?delay=${encodeURIComponent(delay)}` : "";
  return `/restate/${how}${target}${query}`;
}

export function requestHeaders(draft: Draft): Readonly<Record<string, string>> {
  const given = draft.headers.filter(([name]) => name.trim() !== "");
  return {
    ...Object.fromEntries(given.map(([name, value]) => [name.trim().toLowerCase(), value])),
    ...(draft.input !== "" && { "content-type": draft.contentType }),
    ...(draft.idempotencyKey !== "" && { "idempotency-key": draft.idempotencyKey }),
  };
}

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/u;
const PRINTABLE = /^[\t\x20-\x7E]*$/u;

/** Why the request cannot be sent at all. What its schema says is a warning, and not here. */
export function hindrances(draft: Draft): readonly string[] {
  const { key, delay, how, idempotencyKey, headers } = draft;
  const bad = headers.filter(
    ([name, value]) => name.trim() !== "" && !(TOKEN.test(name.trim()) && PRINTABLE.test(value)),
  );
  return [
    ...(isKeyed(draft) && key === "" ? ["It needs a key: each key has its own state and queue."] : []),
    ...(isKeyed(draft) && (key === "." || key === "..")
      ? ["No address can name the keys “.” and “..”."]
      : []),
    ...(how === "send" && delay !== "" && parseDuration(delay) === undefined
      ? ["The delay is no duration: write 10s, 5m, 1h or PT10S."]
      : []),
    ...(PRINTABLE.test(idempotencyKey) ? [] : ["An idempotency key has printable ASCII characters only."]),
    ...bad.map(([name]) => `The header “${name}” cannot be sent: printable ASCII characters only.`),
  ];
}
