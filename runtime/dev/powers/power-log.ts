/** What people have done to invocations with the powers of this server: for the timeline. In memory, the newest ones. */
import type { InvocationId } from "../../../lib/model/ids.ts";
import { POWER_EVENTS_MAX } from "../../../lib/limits/local.ts";

export type PowerKind = "crash" | "redeliver" | "clock" | "fail-next-step";

export interface PowerEvent {
  /** By the clock of the server. A jump's: the time from which it jumped. */
  readonly atMs: number;
  readonly kind: PowerKind;
  readonly message: string;
  /** Absent: it concerns every invocation. */
  readonly id?: InvocationId;
  /** Of a jump: the time to which. */
  readonly toMs?: number;
}

export class PowerLog {
  #events: PowerEvent[] = [];

  add(event: PowerEvent): void {
    this.#events.push(event);
    if (this.#events.length > POWER_EVENTS_MAX) this.#events = this.#events.slice(-POWER_EVENTS_MAX);
  }

  /** Those of one invocation, with those that concern every one; or all. */
  events(id?: InvocationId): readonly PowerEvent[] {
    return id === undefined
      ? this.#events
      : this.#events.filter((event) => event.id === undefined || event.id === id);
  }
}
