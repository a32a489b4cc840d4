/** The ports of turns that replay recorded journals: they read what is recorded, and nothing else is there. */
import { OperationalError } from "../errors.ts";
import type { RecordedJournal } from "../model/recorded-journal.ts";
import type { Invoker, Mailbox, Registry, Timers } from "../ports.ts";
import { RecordedItems } from "./recorded-items.ts";

interface RecordedPorts {
  readonly items: RecordedItems;
  readonly mailbox: Mailbox;
  readonly registry: Registry;
  readonly timers: Pick<Timers, "schedule">;
  readonly invoker: Invoker;
}

export const recordedPorts = (journals: readonly RecordedJournal[]): RecordedPorts => ({
  items: new RecordedItems(journals),
  ...{ mailbox: { sendBatch: noEffect }, timers: { schedule: noEffect }, invoker: { invoke: noEffect } },
  registry: {
    service: async () => undefined,
    deployment: async () => undefined,
    services: async () => [],
  },
});

/** A rehearsal ends before it asks for one. */
const noEffect = (): Promise<never> =>
  Promise.reject(new OperationalError("unavailable", "a replay has no effects"));
