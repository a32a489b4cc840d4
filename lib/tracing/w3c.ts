/** W3C trace context, and what AWS writes instead of it. */

/** The span of a caller. */
export interface RemoteSpan {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly flags: number;
}

export const TRACEPARENT = "traceparent";
export const TRACESTATE = "tracestate";
export const X_RAY = "x-amzn-trace-id";
/** Whoever made the trace has decided that its spans are kept. */
export const SAMPLED = 1;

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NOTHING = /^0+$/;

/** `undefined`: it is none, or not of a form that this version reads. Later versions of the format may have more parts. */
export function parseTraceparent(text: string | undefined): RemoteSpan | undefined {
  const [, version, traceId = "", spanId = "", flags = "", more] = FORM.exec(text?.trim() ?? "") ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (NOTHING.test(traceId) || NOTHING.test(spanId)) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

export const traceparentOf = ({ traceId, spanId, flags }: RemoteSpan): string =>
  `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, "0")}`;

/** What `X-Amzn-Trace-Id` and the `AWSTraceHeader` of a message say. */
export interface XRayHeader {
  readonly traceId: string;
  readonly spanId?: string;
  /** Absent: nobody has decided yet. */
  readonly isSampled?: boolean;
}

const ROOT = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/i;
const PARENT = /^[0-9a-f]{16}$/i;

/** `undefined`: it names no trace. */
export function parseXRayHeader(text: string | undefined): XRayHeader | undefined {
  const parts = new Map(
    (text ?? "").split(";").map((part) => {
      const [name = "", value = ""] = part.trim().split("=", 2);
      return [name, value] as const;
    }),
  );
  const [, seconds, unique] = ROOT.exec(parts.get("Root") ?? "") ?? [];
  if (seconds === undefined || unique === undefined) return undefined;
  const parent = parts.get("Parent") ?? "";
  const sampled = parts.get("Sampled");
  return {
    traceId: (seconds + unique).toLowerCase(),
    ...(PARENT.test(parent) ? { spanId: parent.toLowerCase() } : {}),
    ...(sampled === "1" || sampled === "0" ? { isSampled: sampled === "1" } : {}),
  };
}

/** The same as AWS writes it. */
export const xRayHeaderOf = ({ traceId, spanId, flags }: RemoteSpan): string =>
  `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)};Parent=${spanId};Sampled=${flags & SAMPLED}`;
