/** Requests to the ingress, and what its answers say: an output, a failure, a refusal, or that it takes longer. */
import { setTimeout as sleep } from "node:timers/promises";
import { ATTACH_AGAIN_MS } from "../../lib/limits/cli.ts";
import type { Cli } from "../cli.ts";
import { type DoorAnswer, type DoorRequest, Unreachable } from "../door.ts";
import { path } from "../admin-client.ts";
import { parsedOr } from "./bytes.ts";

/** When waiting ends. */
export class Deadline {
  readonly #atMs: number;

  /** `undefined`: never. */
  constructor(inMs: number | undefined) {
    this.#atMs = inMs === undefined ? Infinity : performance.now() + inMs;
  }

  /** Whole milliseconds. */
  get leftMs(): number {
    return Math.max(0, Math.ceil(this.#atMs - performance.now()));
  }
}

/** Throws `Unreachable`. */
export async function ask(cli: Cli, request: DoorRequest): Promise<DoorAnswer> {
  const door = await cli.ingress();
  const startMs = performance.now();
  const answer = await door.send(request);
  const ms = (performance.now() - startMs).toFixed(0);
  cli.out.trace(`${request.method} ${request.path}: ${answer.status} in ${ms} ms`);
  return answer;
}

/** `undefined`: no answer until the deadline. Throws `Unreachable` if there is nobody to answer. */
export async function askUntil(
  cli: Cli,
  request: DoorRequest,
  deadline: Deadline,
): Promise<DoorAnswer | undefined> {
  try {
    return await ask(cli, { ...request, timeoutMs: deadline.leftMs });
  } catch (error) {
    if (error instanceof Unreachable && deadline.leftMs === 0) return undefined;
    throw error;
  }
}

/** The result, waited for again and again: in AWS no single request waits for long. `undefined`: none until the deadline. */
export async function attachUntil(
  cli: Cli,
  request: DoorRequest,
  deadline: Deadline,
): Promise<DoorAnswer | undefined> {
  for (;;) {
    const answer = await askUntil(cli, request, deadline);
    if (!answer || !takesLonger(answer)) return answer;
    await sleep(Math.min(ATTACH_AGAIN_MS, deadline.leftMs));
    if (deadline.leftMs === 0) return undefined;
  }
}

export const attachById = (id: string): DoorRequest => ({ method: "GET", path: path`/restate/attach/${id}` });

/** The invocation goes on; the answer would have taken too long. */
export const takesLonger = (answer: DoorAnswer): boolean => answer.status === 504 && !isOfInvocation(answer);

/** Whether it is what the invocation ended with, and not what the ingress says. */
export const isOfInvocation = ({ headers }: DoorAnswer): boolean =>
  headers["x-restate-error-source"] === "invocation";

export const idOf = ({ headers }: DoorAnswer): string | undefined => headers["x-restate-id"];

/** What an invocation has ended with, or why the ingress refuses. */
export interface SaidError {
  readonly code: number;
  readonly message: string;
  readonly metadata?: unknown;
}

/** Of an answer that is an error. */
export function refusedBy({ status, body }: DoorAnswer): SaidError {
  const text = new TextDecoder().decode(body);
  const parsed = parsedOr(text, undefined);
  const { code, message, metadata } = (
    typeof parsed === "object" && parsed !== null ? parsed : {}
  ) as Partial<Record<string, unknown>>;
  return {
    code: typeof code === "number" ? code : status,
    message: typeof message === "string" ? message : text === "" ? `the ingress answers ${status}` : text,
    ...(metadata === undefined ? {} : { metadata }),
  };
}
