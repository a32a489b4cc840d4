/** Turns of one invocation of a service's handler, directly against a store. Nothing else reads or writes. */
import { type StoredHead, readHead } from "../../lib/store/head-store.ts";
import { encodeNote } from "../../lib/model/entry.ts";
import { invocationId, type InvocationId, UNIQUE_SIZE } from "../../lib/model/ids.ts";
import { type Clock, type ItemStore } from "../../lib/ports.ts";
import { PROTOCOL_VERSION, type TurnOutcome, type TurnRequest } from "../../lib/protocol.ts";
import { createEndpoint, type Endpoint, type TurnPorts } from "../../sdk/endpoint.ts";
import { systemClock } from "../../lib/clock.ts";
import { systemEntropy } from "../../lib/entropy.ts";

const MINUTE_MS = 60_000;

export class OneInvocation {
  readonly id: InvocationId;
  readonly #endpoint: Endpoint;
  readonly #ports: TurnPorts;
  readonly #target: { readonly service: string; readonly handler: string };
  readonly #input: Uint8Array;

  /** `path`: `Service/handler`. */
  constructor(
    items: ItemStore,
    definition: unknown,
    path: string,
    input: unknown,
    clock: Clock = systemClock,
  ) {
    const [service = "", handler = ""] = path.split("/");
    this.id = invocationId(service, undefined, new Uint8Array(UNIQUE_SIZE));
    this.#target = { service, handler };
    this.#endpoint = createEndpoint([definition]);
    this.#input = new TextEncoder().encode(JSON.stringify(input));
    this.#ports = {
      items,
      mailbox: { sendBatch: async () => [] },
      registry: { service: async () => undefined },
      clock,
      entropy: systemEntropy,
    };
  }

  /** From the Start. */
  async begin(): Promise<TurnOutcome> {
    const { id } = this;
    const start = {
      ...({ kind: "start", id, incarnation: 0, origin: "test", target: this.#target } as const),
      ...{ input: this.#input, headers: {}, acceptedAtMs: systemClock.now() },
    };
    return await this.#endpoint.runTurn({ ...this.#request(), start }, this.#ports);
  }

  /** From the head, with the end of the handler's sleep as its note. */
  async wake(): Promise<TurnOutcome> {
    const stored = await readHead(this.#ports.items, this.id);
    const leaf = stored?.head.wait;
    if (!stored || leaf?.kind !== "sleep") throw new Error("the invocation does not sleep");
    return await this.#resume(stored, leaf.command);
  }

  async #resume({ item }: StoredHead, command: number): Promise<TurnOutcome> {
    const carried = [encodeNote({ kind: "completion", command, outcome: null })];
    const request: TurnRequest = { ...this.#request(), head: item, carried };
    return await this.#endpoint.runTurn(request, this.#ports);
  }

  #request(): TurnRequest {
    return {
      ...({
        kind: "turn",
        version: PROTOCOL_VERSION,
        id: this.id,
        incarnation: 0,
        target: this.#target,
      } as const),
      ...({ handlerKind: "plain", deployment: "dp_test", carried: [], ownsLock: false } as const),
      ...{ attempt: { count: 1 }, remainingMs: 10 * MINUTE_MS, retentionMs: MINUTE_MS },
    };
  }
}
