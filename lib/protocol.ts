/**
 * Where runtime and SDK meet: the dispatcher asks a handler's function to run one turn of an invocation, the SDK
 * appends to the journal itself and answers how the turn ended. Both travel as JSON ({@link encodeJson}).
 */
import { FunctionError } from "./errors.ts";
import type { Incarnation, InvocationId } from "./model/ids.ts";
import type { Attributes } from "./model/item.ts";
import type { HandlerKind, ServiceManifest } from "./model/manifest.ts";
import type { ReplyTo, Start, Target } from "./model/message.ts";
import type { Outcome } from "./model/outcome.ts";
import { decodeJson, encodeJson, type Value } from "./model/value.ts";

export const PROTOCOL_VERSION = 1;

/** Retry bookkeeping that outlives a turn: attempts without progress, and a bounded run's own count. */
export interface AttemptState {
  /** 1 for the first attempt. */
  readonly count: number;
  readonly run?: RunAttempts;
}
export interface RunAttempts {
  readonly command: number;
  readonly attempts: number;
  readonly sinceMs: number;
}

export interface TurnRequest {
  readonly kind: "turn";
  readonly version: typeof PROTOCOL_VERSION;
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly target: Target;
  readonly handlerKind: HandlerKind;
  readonly deployment: string;
  /** Fences this invocation's state writes from others' (W3); exclusive handlers only. */
  readonly token?: string;
  /** The Start it was made from; absent when the head holds all of it. */
  readonly start?: Start;
  /** The head as the dispatcher read it; absent when none is known to exist. */
  readonly head?: Attributes;
  /** Notes that ride in the message being handled and are in no list yet; as they are stored (`encodeNote`). */
  readonly carried: readonly Value[];
  /** The lock item names this invocation already (R5). */
  readonly ownsLock: boolean;
  readonly attempt: AttemptState;
  /** The turn must have answered by then: milliseconds from its receipt. */
  readonly remainingMs: number;
  /** How long its head is kept after the end, milliseconds. */
  readonly retentionMs: number;
  /** How long its journal is shown, if that is shorter. */
  readonly journalRetentionMs?: number;
}

export interface TurnFailure {
  /** HTTP-like: 500, or 570 for a journal mismatch. */
  readonly code: number;
  readonly message: string;
  readonly stack?: string;
  readonly retryAfterMs?: number;
  /** What becomes of the invocation, whatever its policy says. */
  readonly verdict?: "pause" | "kill";
  /** The operation it happened in. */
  readonly command?: { readonly index: number; readonly type: string; readonly name: string };
  readonly run?: RunAttempts;
}

export type TurnOutcome =
  /** The completion is durable, and so are its state and sends. `replies` are the dispatcher's to send. */
  | {
      readonly kind: "completed";
      readonly ownsLock: boolean;
      readonly outcome?: Outcome;
      readonly replies: readonly ReplyTo[];
    }
  /** Durable, lock first; the dispatcher schedules what the tree waits for. `wait`: as it is stored (`encodeWait`). */
  | { readonly kind: "suspended"; readonly wait: Value }
  /** Retryable: the policy decides. `length`: of the log, as far as this turn knows; `progress`: it grew. */
  | {
      readonly kind: "failed";
      readonly failure: TurnFailure;
      readonly length: number;
      readonly progress: boolean;
    }
  /** An append or a read showed that another turn goes on from here (W3): change nothing more. */
  | { readonly kind: "lost"; readonly reason: string }
  /** Its time runs out between two steps. All that it did is durable; `length`: of the log. Another turn goes on. */
  | { readonly kind: "yielded"; readonly length: number };

const OUTCOME_KINDS: readonly unknown[] = [
  "completed",
  "suspended",
  "failed",
  "lost",
  "yielded",
] satisfies TurnOutcome["kind"][];

/** Whether a function's answer is an outcome. Of its fields only the kind is looked at. */
export const isOutcome = (answer: unknown): answer is TurnOutcome =>
  typeof answer === "object" && answer !== null && "kind" in answer && OUTCOME_KINDS.includes(answer.kind);

/** The answer of a function, if it is an outcome. Throws {@link FunctionError} `bad-answer`. */
export function checkOutcome(answer: TurnOutcome | null | undefined): TurnOutcome {
  if (isOutcome(answer)) return answer;
  throw new FunctionError("bad-answer", "the handlers' process answered what is no outcome of a turn");
}

/** Asks a deployment what it serves. */
export interface DiscoveryRequest {
  readonly kind: "discover";
  readonly version: typeof PROTOCOL_VERSION;
}
export interface DiscoveryResponse {
  readonly version: typeof PROTOCOL_VERSION;
  readonly sdkVersion: string;
  readonly services: readonly ServiceManifest[];
}

export const encodeTurnRequest = (request: TurnRequest): string => encodeJson(request as unknown as Value);
export const decodeTurnRequest = (text: string): TurnRequest => decodeJson(text) as unknown as TurnRequest;
export const encodeTurnOutcome = (outcome: TurnOutcome): string => encodeJson(outcome as unknown as Value);
export const decodeTurnOutcome = (text: string): TurnOutcome => decodeJson(text) as unknown as TurnOutcome;
