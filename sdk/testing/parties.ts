/** Those who act in a test environment, apart from the test: the ingress, the dispatcher, and the handlers' turns. */
import { TEST_BATCH_MS_MAX } from "../../lib/limits/local.ts";
import { LiveTurns } from "../../lib/live-turns.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Incoming } from "../../lib/model/message.ts";
import type { Clock, Entropy, Invoker, ItemStore, Logger, Mailbox, Timers } from "../../lib/ports.ts";
import type { ItemRegistry } from "../../lib/store/registry.ts";
import type { TurnOutcome, TurnRequest } from "../../lib/protocol.ts";
import { Dispatcher } from "../../runtime/dispatcher/dispatcher.ts";
import { Ingress } from "../../runtime/ingress/ingress.ts";
import type { LocalItemStore } from "../../runtime/local/item-store.ts";
import type { Endpoint, TurnPorts } from "../endpoint.ts";
import type { TestSteps } from "./steps.ts";

export interface TestPorts {
  readonly items: LocalItemStore;
  readonly watch: LocalItemStore;
  readonly mailbox: Mailbox;
  readonly timers: Timers;
  readonly registry: ItemRegistry;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
  readonly lookMs: number;
}

export interface Parties {
  readonly ingress: Ingress;
  /** As {@link Dispatcher.handle}. */
  handle(batch: readonly Incoming[]): Promise<readonly string[]>;
  /** Resolves when no turn goes on whose message or request was let go of. */
  settled(): Promise<void>;
}

export interface PartiesParts {
  readonly ports: Omit<TestPorts, "items"> & { readonly items: ItemStore };
  readonly endpoint: Pick<Endpoint, "runTurn">;
  readonly steps: TestSteps;
  /** A turn begins. */
  readonly onTurn: (request: TurnRequest) => void;
}

/** As they are in AWS. `turnPorts`: what a turn needs; it may invoke others itself. */
export function partiesOf(
  { ports, endpoint, onTurn }: PartiesParts,
  turnPorts: (invoker: Invoker) => TurnPorts,
): Parties {
  const live = new LiveTurns();
  const invoker: Invoker = {
    invoke: async (_deployment, request: TurnRequest): Promise<TurnOutcome> => {
      onTurn(request);
      const end = live.begins(request.id);
      try {
        return await endpoint.runTurn(request, given);
      } finally {
        end();
      }
    },
  };
  const given = turnPorts(invoker);
  const ingress = new Ingress({ ...ports, invoker });
  const runs = (id: InvocationId): boolean => live.has(id) || ingress.door?.runs(id) === true;
  const dispatcher = new Dispatcher({ ...ports, invoker, runs });
  return {
    ingress,
    handle: async (batch) => await dispatcher.handle(batch, TEST_BATCH_MS_MAX),
    settled: async () => {
      await dispatcher.settled();
      await ingress.door?.settled();
    },
  };
}
