/** Which invocation a record becomes; or why it becomes none. */
import { HEADERS_BYTES_MAX, KEY_BYTES_MAX, PAYLOAD_BYTES_MAX } from "../../lib/limits.ts";
import { sizeOfHeaders } from "../../lib/model/headers-value.ts";
import { invocationId } from "../../lib/model/ids.ts";
import { isExclusive } from "../../lib/model/manifest.ts";
import type { Start, Target } from "../../lib/model/message.ts";
import { recordOrigin, recordUnique } from "../../lib/model/source-record.ts";
import { runOf } from "../../lib/store/record-admission.ts";
import { KeyError, keyOfRecord } from "./key-rule.ts";
import type { ResolvedSink } from "./sink.ts";
import type { SourceRecord } from "./source-record.ts";
import type { Subscription } from "./subscription.ts";

/** Why a record cannot become an invocation, now and whenever it is tried. */
export interface Rejection {
  readonly reason:
    | "unreadable"
    | "no-key"
    | "bad-key"
    | "too-large"
    | "headers-too-large"
    /** Its handler does not take its value (0046). */
    | "refused"
    /** It may have run, so long ago that nothing tells of it any more. */
    | "in-doubt";
  /** For people. */
  readonly message: string;
}

export const isRejection = (mapped: Start | Rejection): mapped is Rejection => "reason" in mapped;

export function invocationOf(
  subscription: Subscription,
  sink: ResolvedSink,
  record: SourceRecord,
  nowMs: number,
): Start | Rejection {
  const key = sink.isKeyed ? keyFor(subscription, record) : undefined;
  if (typeof key === "object") return key;
  const headers = headersFor(subscription, record);
  const wrong = record.unreadable === undefined ? tooLarge(record, headers) : unreadable(record.unreadable);
  if (wrong) return wrong;
  const { manifest, service, handler } = sink;
  const target: Target = { service, handler, ...(key === undefined ? {} : { key }) };
  const unique = recordUnique(subscription, record.identity);
  const start: Start = {
    kind: "start",
    id: invocationId(service, isExclusive(manifest.kind) ? key : undefined, unique),
    incarnation: 0,
    origin: recordOrigin(subscription, record.identity),
    target,
    input: record.input,
    headers,
    acceptedAtMs: nowMs,
  };
  return runOf(start, manifest.kind);
}

const unreadable = (message: string): Rejection => ({ reason: "unreadable", message });

function keyFor(subscription: Subscription, record: SourceRecord): string | Rejection {
  const random = (): string => Buffer.from(recordUnique(subscription, record.identity)).toString("base64url");
  try {
    const found = keyOfRecord(subscription.key, record, random);
    const { keyIfMissing } = subscription;
    // An empty key is none: all such records would stand in one queue.
    const key =
      found === undefined || found === "" ? keyIfMissing && keyOfRecord(keyIfMissing, record, random) : found;
    if (key === undefined)
      return { reason: "no-key", message: "the record has no key, and the handler needs one" };
    if (Buffer.byteLength(key) > KEY_BYTES_MAX)
      return { reason: "bad-key", message: `the key is longer than ${KEY_BYTES_MAX} bytes` };
    return key;
  } catch (error) {
    if (error instanceof KeyError) return { reason: "bad-key", message: error.message };
    throw error;
  }
}

function tooLarge({ input }: SourceRecord, headers: Record<string, string>): Rejection | undefined {
  if (input.byteLength > PAYLOAD_BYTES_MAX) {
    const message = `the value is ${input.byteLength} bytes long; at most ${PAYLOAD_BYTES_MAX} are supported`;
    return { reason: "too-large", message };
  }
  const bytes = sizeOfHeaders(headers);
  return bytes > HEADERS_BYTES_MAX
    ? {
        reason: "headers-too-large",
        message: `the headers are ${bytes} bytes long, more than ${HEADERS_BYTES_MAX}`,
      }
    : undefined;
}

/** The record's own, and which subscription it came by, also under Restate's name. */
const headersFor = (
  { name, id }: Subscription,
  { headers, contentType }: SourceRecord,
): Record<string, string> => ({
  ...headers,
  ...(contentType === undefined ? {} : { "content-type": contentType }),
  "perdure.subscription": name,
  "restate.subscription.id": id,
});
