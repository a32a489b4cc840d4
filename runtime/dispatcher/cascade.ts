/** The end of an invocation that its own code does not decide, and of the calls that it awaited (R12). */
import { readHead, readLog } from "../../core/head-store.ts";
import { outgoing, sendAll } from "../../core/send.ts";
import type { Entry } from "../../lib/entry.ts";
import type { Head } from "../../lib/head.ts";
import type { InvocationId } from "../../lib/ids.ts";
import { JOURNAL_RETENTION_MS } from "../../lib/limits.ts";
import type { Outcome } from "../../lib/outcome.ts";
import type { DispatcherPorts } from "./delivery.ts";
import type { InvocationWriter, Known } from "./invocation-writer.ts";
import { retentionOf } from "./turn-runner.ts";

export class Cascade {
  readonly #ports: DispatcherPorts;
  readonly #writer: InvocationWriter;

  constructor(ports: DispatcherPorts, writer: InvocationWriter) {
    this.#ports = ports;
    this.#writer = writer;
  }

  /** Answers the head if this ended it; `undefined`: it has ended otherwise. */
  async end(known: Known & { head: Head }, outcome: Outcome): Promise<Head | undefined> {
    const { service: name, handler: wanted } = known.head.target;
    const service = await this.#ports.registry.service(name);
    const handler = service?.handlers.find((candidate) => candidate.name === wanted);
    const retentionMs = service && handler ? retentionOf(service, handler, known) : JOURNAL_RETENTION_MS;
    return await this.#writer.end(known, outcome, retentionMs);
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
