/** What a command sends: JSON from an argument, a file or stdin, or bytes of another content type as they are. */
import { readFile } from "node:fs/promises";
import { PAYLOAD_BYTES_MAX } from "../../lib/limits.ts";
import { CommandError, UsageError } from "../exit.ts";

export interface InputOptions {
  readonly contentType?: string;
}

export interface Input {
  readonly body: Uint8Array;
  /** Absent: there is no input. */
  readonly contentType?: string;
}

const JSON_TYPE = "application/json";
/** Of what is no JSON, so many characters are shown. */
const SHOWN = 60;

/**
 * `text`: JSON, `@file`, `-` for stdin, or `undefined` for no input. `bare`: an argument that is no JSON is a text of its own.
 * Throws {@link UsageError} for what is no JSON, and {@link CommandError} for what cannot be read.
 */
export async function inputOf(
  text: string | undefined,
  { contentType, bare = false }: InputOptions & { bare?: boolean },
  stdin: AsyncIterable<Uint8Array> = process.stdin,
): Promise<Input> {
  if (text === undefined)
    return { body: new Uint8Array(), ...(contentType === undefined ? {} : { contentType }) };
  const { bytes, from } = await bytesOf(text, stdin);
  if (bytes.byteLength > PAYLOAD_BYTES_MAX)
    throw new CommandError(
      `${from} has more than ${PAYLOAD_BYTES_MAX} bytes, the most that an input may have`,
    );
  if (contentType !== undefined) return { body: bytes, contentType };
  const wrong = reasonNotJson(bytes);
  if (wrong === undefined) return { body: bytes, contentType: JSON_TYPE };
  if (bare && from === ARGUMENT) return { body: Buffer.from(JSON.stringify(text)), contentType: JSON_TYPE };
  throw new UsageError(`${from} is no JSON: ${wrong}\n${hintFor(text, from)}`);
}

const ARGUMENT = "the input";

async function bytesOf(
  text: string,
  stdin: AsyncIterable<Uint8Array>,
): Promise<{ readonly bytes: Uint8Array; readonly from: string }> {
  if (text === "-") return { bytes: await allOf(stdin), from: "stdin" };
  if (!text.startsWith("@")) return { bytes: Buffer.from(text), from: ARGUMENT };
  const file = text.slice(1);
  try {
    return { bytes: await readFile(file), from: file };
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Stops where it is too much, so that an endless pipe does not fill the memory. */
async function allOf(stdin: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > PAYLOAD_BYTES_MAX) break;
  }
  return Buffer.concat(chunks);
}

function reasonNotJson(bytes: Uint8Array): string | undefined {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function hintFor(text: string, from: string): string {
  if (from !== ARGUMENT) return "For another format name it: --content-type text/plain.";
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return `Write a text as '${JSON.stringify(short)}', with quotes for JSON inside quotes for the shell, or name its format: --content-type text/plain.`;
}
