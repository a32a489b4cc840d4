/** The end of an invocation that its own code does not decide, and of the calls that it awaited (R12). */
import { readHead, readLog } from "../../lib/store/head-store.ts";
import { outgoing, sendAll } from "../../lib/store/send.ts";
import type { Entry } from "../../lib/model/entry.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import { failure } from "../../lib/model/outcome.ts";
import type { DispatcherPorts } from "./delivery.ts";
import { handlerOptionsOf } from "./handler-options.ts";
import type { InvocationWriter } from "./invocation-writer.ts";
import type { KnownHead } from "./known.ts";
import { forgetTimers, reply } from "./output-repeater.ts";

export class Cascade {
  readonly #ports: DispatcherPorts;
  readonly #writer: InvocationWriter;

  constructor(ports: DispatcherPorts, writer: InvocationWriter) {
    this.#ports = ports;
    this.#writer = writer;
  }

  /** Ends what has not started, or shall not go on, without its code; whoever awaits it is told how it ended. */
  async end(known: KnownHead, message: "cancelled" | "killed"): Promise<void> {
    const retention = await handlerOptionsOf(this.#ports.registry, known);
    await this.#writer.end(known, failure(409, message), retention);
    await forgetTimers(this.#ports, known, known.head);
    // It may have ended otherwise in between.
    const stored = await readHead(this.#ports.items, known.id);
    if (stored?.head.outcome) await reply(this.#ports, known.id, stored.head.replies, stored.head.outcome);
  }

  /** Kills the calls whose results the invocation was missing, and theirs in turn. Sends go on (26). */
  async killCallees(id: InvocationId): Promise<void> {
    const stored = await readHead(this.#ports.items, id);
    if (!stored) return;
    const callees = openCallees(await readLog(this.#ports.items, id, stored.head));
    await sendAll(
      this.#ports.mailbox,
      callees.map((callee) => outgoing({ kind: "kill", id: callee }, id)),
    );
  }
}

function openCallees(log: readonly Entry[]): InvocationId[] {
  const open = new Map<number, InvocationId>();
  for (const entry of log) {
    if (entry[0] === "c") open.set(entry[1], entry[2]);
    if (entry[0] === "n") open.delete(entry[1]);
  }
  return [...open.values()];
}
