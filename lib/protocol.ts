/**
 * Where runtime and SDK meet. The dispatcher asks a handler's function to run one turn of an invocation. The SDK appends to
 * the journal itself, and answers how the turn ended. Request and answer travel as JSON ({@link encodeJson}).
 */
import { askedDelayMs } from "./duration.ts";
import { codeOf, cutText, FunctionError, textOf } from "./errors.ts";
import { ERROR_MESSAGE_CHARS_MAX, ERROR_STACK_CHARS_MAX } from "./limits.ts";
import { type Begun, begunIn } from "./model/begun.ts";
import type { Incarnation, InvocationId } from "./model/ids.ts";
import type { Attributes } from "./model/item.ts";
import type { HandlerKind, ServiceManifest } from "./model/manifest.ts";
import type { ReplyTo, Start, Target } from "./model/message.ts";
import type { Outcome } from "./model/outcome.ts";
import type { Resources } from "./model/resources.ts";
import { decodeJson, encodeJson, type Value } from "./model/value.ts";

export const PROTOCOL_VERSION = 1;

/** What is known of failed attempts when a turn begins: those without progress, and those of a bounded `ctx.run`. */
export interface AttemptState {
  /** 1 for the first attempt. */
  readonly count: number;
  readonly run?: RunAttempts;
  /** What the last one had begun that is not in the log. */
  readonly begun?: Begun;
  /** The step that the last one failed in: for people. */
  readonly tried?: RunAttempts;
}
export interface RunAttempts {
  readonly command: number;
  readonly attempts: number;
  readonly sinceMs: number;
}

/** A guard that is in the timers. */
export interface Guard {
  readonly name: string;
  /** When it is due. */
  readonly atMs: number;
}
/** The guard that a turn has to set. */
export interface AskedGuard {
  readonly name: string;
  /** When it is due, if it is set already. */
  readonly atMs?: number;
  /** Nobody waits for the turn any more when it has run for so long. Then it sends its guard early itself. */
  readonly aloneAfterMs?: number;
}

/** How a turn that came by the queue takes the place of its message (R26). */
export interface AskedRelay {
  /** Its first guard. The later ones have numbers besides. */
  readonly name: string;
  /** Once it has named its guard it must have answered within this time from its receipt. */
  readonly remainingMs: number;
}

export interface TurnRequest {
  readonly kind: "turn";
  readonly version: typeof PROTOCOL_VERSION;
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly target: Target;
  readonly handlerKind: HandlerKind;
  readonly deployment: string;
  /** The version that it is meant for, if the function is invoked by an alias (R28). */
  readonly address?: string;
  /** Where the runtime has its data now, whatever the function's variables say (0026). Absent: the handlers' process has its ports from
   * the engine, or an earlier version asks. */
  readonly resourcesId?: string;
  /** The same at length, for a version that has asked for it. */
  readonly resources?: Resources;
  /** Fences this invocation's state writes from those of others (W3). Exclusive handlers only. */
  readonly token?: string;
  /** The Start that the invocation was made from. Absent if the head holds all of it. */
  readonly start?: Start;
  /** The head as the dispatcher read it. Absent if none is known to exist. */
  readonly head?: Attributes;
  /** Notes that ride in the message that is handled, as they are stored (`encodeNote`). They are in no list yet. */
  readonly carried: readonly Value[];
  /** The message under which it runs, as its appends name it (R17). Absent: an earlier version of the dispatcher runs it. */
  readonly voucher?: string;
  /** The mark of the head that may be made while the turn runs, if there was none (R26). */
  readonly presence?: string;
  /** It runs where its call was accepted, and sees to its guard itself (R27). */
  readonly guard?: AskedGuard;
  /** The local engine answers what the turn asks for before a loss of power spares it. Before a closure that no append precedes, the
   * turn waits until it does (`TurnPorts.settled`). */
  readonly mustSettle?: true;
  /** After a second it makes itself known, sees to its guard, and nobody waits for it any more (R26). */
  readonly relay?: AskedRelay;
  /** Whether the lock item names this invocation already (R5). */
  readonly ownsLock: boolean;
  readonly attempt: AttemptState;
  /** The turns before it, as the head keeps them, if it does not have them so. For people. */
  readonly turns?: Uint8Array;
  /** Within this time from its receipt, the turn must have answered. */
  readonly remainingMs: number;
  /** How long the head is kept after the end. */
  readonly retentionMs: number;
  /** How long the journal is shown, if that is shorter. */
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
  /** A record's value is none that the handler takes: the record is set aside (0046). An earlier version of the dispatcher ends the
   * invocation only, as the verdict says. */
  readonly refused?: true;
  /** The operation that it happened in. */
  readonly command?: { readonly index: number; readonly type: string; readonly name: string };
  readonly run?: RunAttempts;
  /** Of the step that it happened in: for people. */
  readonly tried?: RunAttempts;
}

interface Answered {
  /** The turn had named its guard, and has seen to all that follows; or the guard does. `needless`: a guard that nothing needs any more. */
  readonly left?: { readonly needless?: Guard };
  /** Where it has run. If it is not as the request says, it has not, and must be told at length. Absent: an earlier version, which has
   * run where its variables say. */
  readonly resourcesId?: string;
}

export type TurnOutcome =
  Answered /** The completion is durable, with its state and sends. The dispatcher sends the `replies`. */ &
    (
      | {
          readonly kind: "completed";
          readonly ownsLock: boolean;
          readonly outcome?: Outcome;
          readonly replies: readonly ReplyTo[];
          /** Of a turn with a guard: the last one that it has set, and how long the result is kept. */
          readonly guard?: Guard;
          readonly expiresAtMs?: number;
        }
      /** The suspension is durable, the lock first. The dispatcher schedules what the tree waits for. `wait` is as it is stored
       * (`encodeWait`). */
      | { readonly kind: "suspended"; readonly wait: Value }
      /** Retryable: the policy decides. `length` is that of the log, as far as this turn knows. `progress`: the log grew. `begun`: what
       * the next attempt must begin, too; absent: what was known before. */
      | {
          readonly kind: "failed";
          readonly failure: TurnFailure;
          readonly length: number;
          readonly progress: boolean;
          readonly begun?: Begun;
          /** When it ran: for people. */
          readonly ran?: { readonly fromMs: number; readonly untilMs: number };
        }
      /** An append or a read showed that another turn continues from here (W3): nothing more may be changed. */
      | { readonly kind: "lost"; readonly reason: string }
      /** Its time ran out between two steps. All that it did is durable; the log has this `length`. Another turn continues. */
      | { readonly kind: "yielded"; readonly length: number }
    );

/** The failure as a head can hold it and people can read it. Handlers with an older SDK have sent what a user's error held:
 * messages of any type and length, delays without end. */
export function storableFailure({ code, message, stack, retryAfterMs, ...rest }: TurnFailure): TurnFailure {
  const askedMs = askedDelayMs(retryAfterMs);
  return {
    code: codeOf(code),
    message: cutText(textOf(message), ERROR_MESSAGE_CHARS_MAX),
    ...(typeof stack === "string" ? { stack: cutText(stack, ERROR_STACK_CHARS_MAX) } : {}),
    ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }),
    ...rest,
  };
}

/** The same for what is known of attempts. */
export function storableAttempt({
  count,
  run,
  begun: given,
  tried,
}: {
  readonly count: number;
  readonly run?: RunAttempts | undefined;
  readonly begun?: unknown;
  readonly tried?: RunAttempts | undefined;
}): AttemptState {
  const begun = begunIn(given);
  return {
    count,
    ...(run === undefined ? {} : { run }),
    ...(begun === undefined ? {} : { begun }),
    ...(tried === undefined ? {} : { tried }),
  };
}

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
  throw new FunctionError("bad-answer", "the answer of the handlers' process is not an outcome of a turn");
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

/** Whether code does what a journal has recorded (lib/replay/rehearsal.ts). */
export type Rehearsal =
  /** `asFarAs`: why it came to an end before all was replayed. */
  | { readonly fits: true; readonly asFarAs?: string }
  /** `isUnsure`: nobody can tell. Nothing is known against the journal. `missesRead`: the code has asked for what it read before the recorded
   * operations that it has not done, and the journal does not have it. */
  | {
      readonly fits: false;
      readonly reason: string;
      readonly isUnsure?: true;
      readonly missesRead?: true;
    };
