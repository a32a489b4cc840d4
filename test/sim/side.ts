/**
 * The product's parts, of one version. A run has one side, today's, unless its options say otherwise: during a deployment two
 * versions work over one store and one mailbox (test/history/sides.test.ts).
 */
import { accept } from "../../lib/store/admission.ts";
import type { ItemRegistry } from "../../lib/store/registry.ts";
import { outgoing, sendAll } from "../../lib/store/send.ts";
import type { Clock, Entropy, ItemStore, Logger, Mailbox } from "../../lib/ports.ts";
import type { Notify } from "../../lib/model/message.ts";
import {
  cancelInvocation,
  killInvocation,
  pauseInvocation,
  resumeInvocation,
} from "../../runtime/admin/control.ts";
import type { DispatcherPorts } from "../../runtime/dispatcher/delivery.ts";
import { Dispatcher } from "../../runtime/dispatcher/dispatcher.ts";
import { Reconciler } from "../../runtime/reconciler/reconciler.ts";
import * as sdk from "../../sdk/index.ts";
import { definitions, type Stage } from "./interpreter.ts";

/** Of an actor. */
export interface Ports {
  readonly items: ItemStore;
  readonly mailbox: Mailbox;
  readonly registry: ItemRegistry;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
}

export type Operation = "cancel" | "kill" | "pause" | "resume";

export interface Side {
  readonly name: string;
  dispatcher(ports: DispatcherPorts): Pick<Dispatcher, "handle">;
  endpoint(stage: Omit<Stage, "sdk">): sdk.Endpoint;
  readonly accept: typeof accept;
  notify(ports: Ports, notify: Notify, cause: string): Promise<void>;
  operate(ports: Ports, does: Operation, id: string): Promise<void>;
  reconcile(ports: Ports): Promise<{ readonly poked: number }>;
}

/** Which side does what. `handler`: by the version of its deployment. */
export interface Sides {
  of(part: "dispatcher" | "client" | "operator" | "reconciler"): Side;
  ofHandlers(version: number): Side;
  readonly isMixed?: true;
}

const CONTROL = {
  cancel: cancelInvocation,
  kill: killInvocation,
  pause: pauseInvocation,
  resume: resumeInvocation,
};
export type Control = typeof CONTROL;

export const TODAY: Side = {
  name: "today",
  dispatcher: (ports) => new Dispatcher(ports),
  endpoint: (stage) => sdk.createEndpoint(definitions({ ...stage, sdk })),
  accept,
  notify: async ({ mailbox }, notify, cause) => await sendAll(mailbox, [outgoing(notify, cause)]),
  operate: async (ports, does, id) => await CONTROL[does](exchangeOf(ports), id).then(() => undefined),
  reconcile: async (ports) => await new Reconciler(ports).run(),
};

const ONLY_TODAY: Sides = { of: () => TODAY, ofHandlers: () => TODAY };
export const onlyToday = (): Sides => ONLY_TODAY;

/** They look nothing up: only ports and request are used. */
export function exchangeOf(ports: Ports): never {
  const request = {
    ...{ method: "PATCH", path: "/", query: new URLSearchParams(), headers: {} },
    body: new Uint8Array(0),
  };
  return { ports, request } as never;
}
