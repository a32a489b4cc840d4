/**
 * Frames of a {@link Channel} as lines of JSON: for a stream between processes that need not run the same version of Node,
 * and where a look at the wire should tell what goes on.
 */
import { decodeJson, encodeJson, type Value } from "../../../lib/model/value.ts";
import type { Frame } from "./channel.ts";

/** Longest line: a turn request with an input and notes of the largest size, in base64. */
export const FRAME_BYTES_MAX = 32 * 1024 * 1024;
const NEWLINE = 10;

export const encodeFrames = (frames: readonly Frame[]): Buffer =>
  Buffer.from(frames.map((frame) => `${encodeJson(withoutNothing(frame) as Value)}\n`).join(""));

/** JSON has no `undefined`: an answer without a value is one element shorter. */
function withoutNothing(frame: Frame): unknown {
  return frame.at(-1) === undefined ? frame.slice(0, -1) : frame;
}

/** Bytes in pieces, to frames. */
export class FrameReader {
  readonly #receive: (frames: readonly Frame[]) => void;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(receive: (frames: readonly Frame[]) => void) {
    this.#receive = receive;
  }

  /** Throws `TypeError` for what is no frame: whoever sent it speaks something else. */
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
    return parseFrame(text);
  }
}

const EXCERPT_CHARS_MAX = 100;

function parseFrame(text: string): Frame {
  let frame: unknown;
  try {
    frame = decodeJson(text);
  } catch {
    frame = undefined;
  }
  if (Array.isArray(frame) && typeof frame[0] === "number" && typeof frame[1] === "number") {
    return frame as unknown as Frame;
  }
  throw new TypeError(`not a frame: ${JSON.stringify(text.slice(0, EXCERPT_CHARS_MAX))}`);
}
