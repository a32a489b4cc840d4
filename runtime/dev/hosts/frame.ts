/**
 * What crosses the pipe between the engine and a host process: calls, answers and errors.
 *
 * Through the pipe of a host process frames are packed data, since each step waits for them. Over HTTP a frame is a line of JSON: a look
 * at the wire should show what happens.
 */
import { type OperationalCode, OperationalError } from "../../../lib/errors.ts";
import { decodeJson, encodeJson, type Value } from "../../../lib/model/value.ts";
import { pack, unpack } from "../../../lib/packed.ts";
import { FRAME_BYTES_MAX, FRAME_EXCERPT_CHARS_MAX } from "../../../lib/limits/local.ts";

export const CALL = 0;
export const ANSWER = 1;
export const ERROR = 2;

export type Frame =
  | readonly [kind: typeof CALL, id: number, method: string, argument: unknown]
  | readonly [kind: typeof ANSWER, id: number, value: unknown]
  | readonly [kind: typeof ERROR, id: number, error: WireError];

/** An error as it crosses the pipe: enough to recognise it on the other side. */
export interface WireError {
  readonly message: string;
  readonly stack?: string;
  /** Set for an {@link OperationalError}. */
  readonly operational?: OperationalCode;
}

/** `undefined` if it is not a frame. */
export function frameIn(value: unknown): Frame | undefined {
  if (!Array.isArray(value)) return undefined;
  const [kind, id, content, argument] = value as readonly unknown[];
  if (typeof id !== "number") return undefined;
  if (kind === CALL && typeof content === "string") return [CALL, id, content, argument];
  if (kind === ANSWER) return [ANSWER, id, content];
  const error = kind === ERROR ? wireErrorIn(content) : undefined;
  return error === undefined ? undefined : [ERROR, id, error];
}

const OPERATIONAL: readonly unknown[] = ["throttled", "unavailable", "too-large"] satisfies OperationalCode[];
const isOperationalCode = (code: unknown): code is OperationalCode => OPERATIONAL.includes(code);

function wireErrorIn(value: unknown): WireError | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { message, stack, operational } = value as { readonly [Field in keyof WireError]?: unknown };
  if (typeof message !== "string") return undefined;
  return {
    message,
    ...(typeof stack === "string" ? { stack } : {}),
    ...(isOperationalCode(operational) ? { operational } : {}),
  };
}

export function wireError(thrown: unknown): WireError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const wire = { message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) };
  return error instanceof OperationalError ? { ...wire, operational: error.code } : wire;
}

export function reviveError(wire: WireError): Error {
  const error =
    wire.operational === undefined
      ? new Error(wire.message)
      : new OperationalError(wire.operational, wire.message);
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

/** What {@link packFrames} has made. Of what else comes through the pipe there are no frames. */
export function unpackFrames(message: unknown): readonly unknown[] {
  if (!(message instanceof Uint8Array)) return [];
  try {
    const frames = unpack(message);
    return Array.isArray(frames) ? frames : [];
  } catch {
    return [];
  }
}

export const packFrames = (frames: readonly Frame[]): Uint8Array => pack(frames);

const NEWLINE = 10;

export const encodeFrames = (frames: readonly Frame[]): Buffer =>
  Buffer.from(frames.map((frame) => `${encodeJson(withoutUndefined(frame) as Value)}\n`).join(""));

/** JSON has no `undefined`, so an answer without a value is one element shorter. */
const withoutUndefined = (frame: Frame): readonly unknown[] =>
  frame.at(-1) === undefined ? frame.slice(0, -1) : frame;

/** Makes frames of bytes that come in pieces. */
export class FrameReader {
  readonly #receive: (frames: readonly Frame[]) => void;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(receive: (frames: readonly Frame[]) => void) {
    this.#receive = receive;
  }

  /** Throws `TypeError` if a line is not a frame: then the other side speaks something else. */
  push(chunk: Uint8Array): void {
    const frames: Frame[] = [];
    let rest = chunk;
    for (;;) {
      const end = rest.indexOf(NEWLINE);
      if (end < 0) break;
      frames.push(this.#complete(rest.subarray(0, end)));
      rest = rest.subarray(end + 1);
    }
    if (rest.byteLength > 0) this.#hold(rest);
    if (frames.length > 0) this.#receive(frames);
  }

  #hold(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#bytes += piece.byteLength;
    if (this.#bytes > FRAME_BYTES_MAX) throw new TypeError(`a frame has more than ${FRAME_BYTES_MAX} bytes`);
  }

  #complete(end: Uint8Array): Frame {
    this.#hold(end);
    const text = Buffer.concat(this.#pieces, this.#bytes).toString();
    this.#pieces = [];
    this.#bytes = 0;
    return frameOf(text);
  }
}

function frameOf(text: string): Frame {
  let frame: Frame | undefined;
  try {
    frame = frameIn(decodeJson(text));
  } catch {
    // It is not JSON.
  }
  if (frame === undefined) {
    throw new TypeError(`not a frame: ${JSON.stringify(text.slice(0, FRAME_EXCERPT_CHARS_MAX))}`);
  }
  return frame;
}
