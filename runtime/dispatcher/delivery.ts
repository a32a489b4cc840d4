/** What the parts of the dispatcher share: their ports, and what is known of the message that is handled. */
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Incoming } from "../../lib/model/message.ts";
import {
  type Entropy,
  type Invoker,
  type ItemStore,
  type Logger,
  type Mailbox,
  type Meter,
  type Registry,
  stopwatchOf,
  type Timed,
  type Timers,
} from "../../lib/ports.ts";
import type { FailedTurn } from "../../lib/death.ts";
import type { EngineTraces } from "../traces/engine-traces.ts";
import type { Voucher } from "../../lib/model/voucher.ts";

export interface DispatcherPorts extends Timed {
  readonly items: ItemStore;
  readonly mailbox: Mailbox;
  readonly timers: Timers;
  readonly invoker: Invoker;
  readonly registry: Registry;
  readonly entropy: Entropy;
  readonly logger: Logger;
  /** Absent: nothing is measured. */
  readonly meter?: Meter;
  /** Absent: nothing is traced. */
  readonly traces?: EngineTraces | undefined;
  /** Whether a turn of it runs: in this process, or in one that tells this one of its end. Absent: nothing is known of that. */
  readonly runs?: (id: InvocationId) => boolean;
}

/** The guard of a turn, and whose it is. */
export interface Guarded {
  readonly id: string;
  readonly guard: string;
}

export interface Delivery {
  /** Orders the message in its group; the source of tokens (W2). */
  readonly sequence: string;
  /** The message was handed out before, or may have been: what it causes may be half done (R2). */
  readonly inDoubt: boolean;
  /** How often it has been handed out, this time included. */
  readonly receives: number;
  /** When it was sent, if the mailbox says so. */
  readonly sentAtMs?: number;
  /** By when the handling must have ended, by the stopwatch. */
  readonly deadlineMs: number;
  /** The message as what vouches for turns (R17). */
  readonly voucher: Voucher;
  /** It came in a note lane: nothing begins under it, and it runs what is exclusive only while the key's lock names that (R19). */
  readonly isNote: boolean;
  /** How a turn has ended that ran under no message (R27): it stands for the first attempt under this one. */
  readonly ended?: FailedTurn | undefined;
  /** Its invocation was handed the key: it runs as the owner, or not at all (R23). */
  readonly asOwner?: true;
  /** How many invocations have been handed the key and run under the message. */
  readonly drained?: number;
  /** A guard vouches for the turn by now: the message may be deleted, and its lane go on (R26). */
  readonly letGo: (guarded: Guarded) => void;
  /** The turn of an invocation goes on in this process, without its message. `end`: it has ended, and what follows is done. */
  readonly follow: (id: InvocationId, end: Promise<void>) => void;
}

/** How long it may still take. */
export const leftMs = (ports: Timed, { deadlineMs }: Pick<Delivery, "deadlineMs">): number =>
  deadlineMs - stopwatchOf(ports).now();

/** `done`: everything that the message causes is durable, it may be deleted (M1). `retry`: give it back, and all
 * later messages of its group with it (R7). */
export type Verdict = "done" | "retry";

/** What the dispatcher tells of its progress, and asks before it goes on. */
export interface Keeper {
  /** Whether the next message of the group may be begun. */
  holds(group: string): boolean;
  /** The group is through: these are done, those are given back. */
  finish(done: readonly Incoming[], givenBack: readonly Incoming[]): void;
  /** All groups are through, and some turns go on without their messages: what is done is deleted now. Absent where the messages
   * are deleted when the batch is answered; then it is answered at once. */
  release?(): void;
}
