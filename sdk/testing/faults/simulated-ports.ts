/** Ports whose requests happen in the order of a run; those of a handler's process can go wrong. */
import type { Write } from "../../../lib/model/item.ts";
import { LOCK } from "../../../lib/model/lock.ts";
import { decodeMessage, type Outgoing } from "../../../lib/model/message.ts";
import { targetText } from "../../../lib/model/target-text.ts";
import type { Value } from "../../../lib/model/value.ts";
import type { ItemStore, Mailbox, Timers } from "../../../lib/ports.ts";
import { isCommand } from "../../../lib/model/entry.ts";
import { headWrite } from "../../../lib/store/head/append.ts";
import { describeCommand } from "../../../lib/turn/mismatch.ts";
import type { StepGate } from "../../../lib/step-gate.ts";
import type { AskedFor, Asks } from "./turn-process.ts";

interface Ports {
  readonly items: ItemStore;
  readonly mailbox: Mailbox;
  readonly timers: Timers;
}

type Ask = <T>(asks: Asks, operation: () => Promise<T>) => Promise<T>;

const READ: Asks = undefined;

/** `ask`: performs a request, or does not. */
export function simulated({ items, mailbox, timers }: Ports, ask: Ask): Ports {
  return {
    items: {
      get: (...asked) => ask(READ, () => items.get(...asked)),
      query: (...asked) => ask(READ, () => items.query(...asked)),
      scan: (...asked) => ask(READ, () => items.scan(...asked)),
      write: (write, options) =>
        ask(
          () => askedBy(write),
          () => items.write(write, options),
        ),
      transact: (append, writes) =>
        ask(
          () => askedBy(append),
          async () => {
            if (!items.transact) throw new TypeError("the store has no transactions");
            return await items.transact(append, writes);
          },
        ),
    },
    mailbox: {
      sendBatch: (batch) =>
        ask(
          () => ({ what: sent(batch) }),
          () => mailbox.sendBatch(batch),
        ),
    },
    timers: {
      schedule: (timer) =>
        ask(
          () => ({ what: `the timer of ${sent([timer.message])}` }),
          () => timers.schedule(timer),
        ),
      cancel: (timer) => ask(READ, async () => await timers.cancel?.(timer)),
    },
  };
}

interface StepProcess {
  readonly isAlive: boolean;
  readonly death: Promise<never>;
  stepBegins(name: string): void;
}

/** A closure of a dead process does not begin, and what one comes to is a request like others: which of several ends first is drawn.
 * A step of a dead process ends when its closure does: time does not pass while a closure runs. */
export const orderedSteps = (steps: StepGate, process: StepProcess, ask: Ask): StepGate => ({
  begins: (step) => steps.begins(step),
  ends: (...ended) => steps.ends(...ended),
  instead: async (step, closure) => {
    const endsUnheard = async (): Promise<never> => {
      steps.ends(step, 0);
      return await new Promise(() => undefined);
    };
    if (!process.isAlive) return await endsUnheard();
    process.stepBegins(step.name);
    const closed = steps.instead ? steps.instead(step, closure) : Promise.resolve().then(closure);
    const result = await closed.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    await Promise.race([ask(READ, async () => undefined), process.death]).catch(endsUnheard);
    if ("error" in result) throw result.error;
    return result.value;
  },
});

function askedBy(write: Write): AskedFor {
  const { table, pk, sk } = write.key;
  if (table === "state") return { what: sk === LOCK ? "the write of its key's lock" : "a write of state" };
  const told = headWrite(write);
  if (!told) return { what: `a write of ${table} ${pk}` };
  const entries = told.entries.filter(isCommand);
  const names = entries.map(describeCommand);
  return {
    what: names.length > 0 ? `the append of ${names.join(", ")}` : withoutEntries(told.status),
    commands: entries.map(({ command }) => command),
  };
}

function withoutEntries(status: Value | undefined): string {
  if (status === "completed") return "the append of its result";
  return status === "suspended" ? "the append of its suspension" : "an append";
}

const sent = (batch: readonly Outgoing[]): string => batch.map(({ body }) => messageText(body)).join(", ");

function messageText(body: string): string {
  const message = decodeMessage(body);
  if (message.kind === "start") return `the start of ${targetText(message.target)}`;
  return `the ${message.kind} message`;
}
