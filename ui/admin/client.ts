/**
 * The admin API, from a page that it serves itself. The only place that asks for anything.
 *
 * What is answered is parsed here or beside it, once: pages get objects with types.
 */
import { AnswerFields } from "../../lib/answer-fields.ts";

/** The server has answered, and says no. The message is written for people. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly code: string | undefined;

  constructor(status: number, message: string, code?: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The server does not know what was asked for. */
export const isNotFound = (error: unknown): boolean => error instanceof Refusal && error.status === NOT_FOUND;
const NOT_FOUND = 404;

/** Nothing has answered. Whether a request arrived is open. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

export interface Asked {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** How much the server's clock is ahead of this one's, in ms, by the last answer: durations tick on the server's clock. */
let aheadMs = 0;
export const serverNow = (): number => Date.now() + aheadMs;
/** `Date` has whole seconds. A smaller difference is none. */
const CLOCK_GRAIN_MS = 1500;

/** A path whose parts are encoded: `` path`/invocations/${id}` ``. */
export const path = (texts: TemplateStringsArray, ...parts: readonly string[]): string =>
  String.raw({ raw: texts }, ...parts.map(encodeURIComponent));

/** Whatever the answer is. Throws {@link Unreachable}. */
export async function send(
  where: string,
  { method = "GET", body, signal, headers }: Asked = {},
): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(where, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    const text = await response.text();
    if (!OTHER_CLOCK.test(where)) readClock(response.headers.get("date"));
    if (signal) {
      const asked = [method, where, typeof body === "string" ? body : JSON.stringify(body)].join(" ");
      hear(signal, asked, text, Number(response.headers.get("x-perdure-read-units") ?? 0));
    }
    return { status: response.status, headers: response.headers, text };
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new Unreachable("the server does not answer", { cause: error });
  }
}

/** What answers have brought since somebody asked, by the signal of their requests. */
interface Heard {
  /** Of DynamoDB, as the server says. */
  units: number;
  /** An answer was another one than the last time. */
  isNew: boolean;
  /** The last answers, by what was asked. */
  readonly texts: Map<string, string>;
}
const heard = new WeakMap<AbortSignal, Heard>();

function hear(signal: AbortSignal, asked: string, text: string, units: number): void {
  const of = heard.get(signal) ?? { units: 0, isNew: false, texts: new Map<string, string>() };
  heard.set(signal, of);
  of.units += units;
  of.isNew ||= of.texts.get(asked) !== text;
  of.texts.set(asked, text);
}

/** Since it was called last. */
export function takeHeard(signal: AbortSignal): { readonly units: number; readonly isNew: boolean } {
  const of = heard.get(signal);
  if (of === undefined) return { units: 0, isNew: true };
  const { units, isNew } = of;
  [of.units, of.isNew] = [0, false];
  return { units, isNew };
}

/** The UI's files and the ingress say the real time, also on a development server whose clock has jumped. */
const OTHER_CLOCK = /^\/(?:ui|ingress)\//u;

function readClock(date: string | null): void {
  const difference = Date.parse(date ?? "") - Date.now();
  if (!Number.isNaN(difference)) aheadMs = Math.abs(difference) < CLOCK_GRAIN_MS ? 0 : difference;
}

/** The answer's body. Throws {@link Refusal} unless the status is 2xx, and {@link Unreachable}. */
export async function ask(where: string, asked: Asked = {}): Promise<unknown> {
  const { status, text } = await send(where, asked);
  const parsed = parsedText(text);
  if (status >= 200 && status < 300) return parsed;
  const { message, restate_code: code } = (typeof parsed === "object" && parsed !== null ? parsed : {}) as {
    message?: unknown;
    restate_code?: unknown;
  };
  throw new Refusal(
    status,
    typeof message === "string" ? message : `the server has answered ${status}`,
    typeof code === "string" ? code : undefined,
  );
}

/** `undefined`: it is no JSON. */
export function parsedText(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** See {@link ask}; the answer must be an object. */
export const askFields = async (where: string, asked?: Asked): Promise<AnswerFields> =>
  new AnswerFields(await ask(where, asked), "answer");

/** The rows of `POST /query`. */
export async function query(sql: string, asked: Pick<Asked, "signal"> = {}): Promise<AnswerFields[]> {
  const headers = { accept: "application/json" };
  const answer = await askFields("/query", { ...asked, method: "POST", body: { query: sql }, headers });
  return answer.objects("rows");
}

/** A text within SQL. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
