/** What a turn needs of the world. */
import type { ReadAhead } from "../../lib/store/read-ahead.ts";
import type { CommandEntry, Entry, Note } from "../../lib/model/entry.ts";
import type { StepGate } from "../../lib/step-gate.ts";
import type { CallInvoker, Entropy, ItemStore, Mailbox, Registry, Timed, Timers } from "../../lib/ports.ts";

export interface TurnPorts extends Timed {
  readonly items: ItemStore;
  readonly mailbox: Mailbox;
  readonly registry: Pick<Registry, "service">;
  readonly entropy: Entropy;
  /** For guards alone (R26, R27). Absent: its turns are run by the dispatcher, which waits for them. */
  readonly timers?: Pick<Timers, "schedule">;
  /** For calls that the turn invokes itself (R28). Absent: all go by the queue. */
  readonly invoker?: CallInvoker | undefined;
  /** How often a turn that waits in memory looks at its head. Absent: `LOOK_MS`, since each look costs something. */
  readonly lookMs?: number;
  /** How long a turn waits in memory for what will be over by then. Absent: `SHORT_WAIT_MS`. */
  readonly shortWaitMs?: number;
  /** Resolves when all that was answered before survives a loss of power. Asked for by `TurnRequest.mustSettle`. */
  readonly settled?: () => Promise<void>;
  /** It only tells whether the code fits the journal, so there is nothing to trace. It says if it ends before all is replayed, and if it has
   * asked for a read that the journal does not have. */
  readonly rehearsal?: { endsEarly(): void; missesRead(): void };
  /** Of a development server's: it is told which steps run, and may make one fail. */
  readonly steps?: StepGate;
  /** Of a test's: what has ended may be replayed, so its reads are recorded, too (R4). */
  readonly keepsReads?: boolean;
  /** Of a test's: it is told of each operation while the code that issues it is on the stack. */
  readonly issued?: (entry: CommandEntry) => void;
}

/** What the turn begins with; results that are kept apart are loaded when they are about to be delivered. */
export interface History {
  readonly log: readonly Entry[];
  readonly notes: readonly Note[];
  /** Notes that ride in the message being handled. */
  readonly carried: readonly Note[];
  /** The results that are kept apart. */
  readonly values: ReadAhead;
}
