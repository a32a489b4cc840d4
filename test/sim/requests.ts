/** What clients and operators ask for in a run. */
import type { Program } from "./program.ts";
import type { SourcePlan } from "./source-plan.ts";

export interface Root {
  readonly program: Program;
  /** When the client asks for it, milliseconds after the start. */
  readonly atMs: number;
  readonly idempotencyKey?: string;
  readonly delayMs?: number;
  /** How often the client asks, with the same idempotency key. */
  readonly times: number;
  readonly outside?: Interference;
  /** More of that. */
  readonly also?: readonly Interference[];
  /** It is asked for over HTTP, and its result is waited for. */
  readonly door?: true;
  /** What its caller asks for as soon as it has the answer. */
  readonly next?: Root;
}
export type Operation = "cancel" | "kill" | "pause" | "resume" | "restart" | "purge" | "purge-journal";
/** What an operator does to it, so long after it was accepted. */
export interface Interference {
  readonly does: Operation;
  readonly afterMs: number;
  /** One that was paused is cancelled before it is resumed. */
  readonly thenCancel?: true;
  /** Of a pause: nobody resumes it before the end of the run. */
  readonly forGood?: true;
  /** Of a restart: the entries that it goes on from. */
  readonly from?: number;
  /** Of a resume or restart. */
  readonly deployment?: "keep" | "latest" | "other";
}
/** An operator's edit of the state of one of object O's keys. */
export interface Edit {
  readonly atMs: number;
  readonly key: string;
  readonly state: Readonly<Record<string, string>>;
  /** For the state as it was read just before. */
  readonly versioned: boolean;
}
export interface Workload {
  /** No events for so long, while expired items are deleted. Then there are faults again. */
  readonly laterMs?: number;
  readonly roots: readonly Root[];
  /** Event sources, which deliver to the source door. */
  readonly sources?: readonly SourcePlan[];
  /** The handlers are registered then, and not before everything else. */
  readonly registeredAtMs?: number;
  readonly edits?: readonly Edit[];
  /** Deliveries after which the mailbox gives a message up. */
  readonly receivesMax?: number;
  /** A build with the same code is deployed then. */
  readonly rebuiltAtMs?: number;
  /** What rests is moved to the other build then. */
  readonly movesAtMs?: readonly number[];
  /** The store has no room for what is named so (silence.ts), for as long as there are faults. */
  readonly isNarrow?: true;
  /** Its turns are let go of: they may run longer than a dispatcher. */
  readonly letsGo?: true;
  /** Programs can end otherwise than they would alone: cancelled, killed. */
  readonly disturbed: boolean;
}
