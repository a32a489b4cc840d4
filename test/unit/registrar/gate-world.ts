/** A registrar whose new code is asked about invocations that a dispatcher has begun on the code of before. */
import { type Context, service } from "perdure";
import { systemEntropy } from "../../../lib/entropy.ts";
import type { Head } from "../../../lib/model/head.ts";
import { invocationId, type InvocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Start } from "../../../lib/model/message.ts";
import { parseRecorded } from "../../../lib/model/recorded-journal.ts";
import type { Replayed } from "../../../lib/replay/replay.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { answerTo, type ResourceAnswer } from "../../../runtime/registrar/cloudformation.ts";
import type { GatePorts } from "../../../runtime/registrar/gate.ts";
import { Registrar } from "../../../runtime/registrar/registrar.ts";
import { createEndpoint, type Endpoint } from "../../../sdk/endpoint.ts";
import { replayedBy } from "../../../sdk/rehearsals.ts";
import { DispatcherWorld } from "../dispatcher/dispatcher-world.ts";
import { FakeFunction, FUNCTION } from "./world.ts";

const HOUR_MS = 3_600_000;

/** A handler that does `steps` and sleeps. */
export const shop = (...steps: readonly string[]) =>
  service({
    name: "Shop",
    handlers: {
      order: async (ctx: Context) => {
        for (const step of steps) await ctx.run(step, () => step);
        await ctx.sleep({ minutes: 5 });
        return await ctx.run("ship", () => "shipped");
      },
    },
  });

export class GateWorld {
  /** What was begun is on `dp_1`, and does the step "pay". */
  readonly world = new DispatcherWorld([shop("pay")]);
  readonly function = new FakeFunction();
  readonly logged: { readonly message: string; readonly fields: Record<string, unknown> | undefined }[] = [];
  /** How many journals were in each request. */
  readonly requests: number[] = [];
  /** In place of the function's answer. */
  answers: ((journals: readonly string[]) => Promise<readonly Replayed[]>) | undefined;
  gate: Partial<GatePorts> = {};
  readonly #codes = new Map<unknown, Endpoint>();
  #begun = 0;
  #deployed: Readonly<Record<string, unknown>> = {};

  get registry(): ItemRegistry {
    return new ItemRegistry(this.world.items, this.world.clock, 0);
  }

  /** Begins one, which then sleeps. */
  async begin(): Promise<InvocationId> {
    const unique = new Uint8Array(UNIQUE_SIZE).fill(++this.#begun);
    const id = invocationId("Shop", undefined, unique);
    const start: Start = {
      ...({ kind: "start", id, incarnation: 0, origin: `o${this.#begun}`, headers: {} } as const),
      ...{ target: { service: "Shop", handler: "order" }, input: new Uint8Array(0) },
      acceptedAtMs: this.world.clock.now() + this.#begun,
    };
    await this.world.deliver(start);
    return id;
  }

  async head(id: InvocationId): Promise<Head> {
    const head = await this.world.head(id);
    if (!head) throw new Error("there is no head");
    return head;
  }

  /** A stack deploys code that does these steps. */
  async deploy(steps: readonly string[], inFlight?: string, sample = "10"): Promise<ResourceAnswer> {
    const endpoint = createEndpoint([shop(...steps)]);
    const { services } = endpoint.discover();
    this.function.latest = services;
    this.#codes.set(services, endpoint);
    const properties = {
      ...{ FunctionArn: FUNCTION, Fingerprint: steps.join(), Services: ["Shop"], FormerServices: [] },
      ...{
        Breaking: "false",
        ...(inFlight === undefined ? {} : { InFlight: inFlight, InFlightSample: sample }),
      },
    };
    const { clock, items } = this.world;
    const event = {
      ...({ RequestType: "Update", ResponseURL: "http://127.0.0.1/", StackId: "stack" } as const),
      ...{ RequestId: "request", LogicalResourceId: "Registration", PhysicalResourceId: FUNCTION },
      ...{ ResourceProperties: properties, OldResourceProperties: this.#deployed },
    };
    const answer = answerTo(event, this.#registrar(), { clock, leftMs: HOUR_MS / 2, items });
    await clock.advance(HOUR_MS);
    const answered = await answer;
    if (answered.Status === "SUCCESS") this.#deployed = properties;
    return answered;
  }

  #registrar(): Registrar {
    const { items, clock } = this.world;
    return new Registrar({
      ...{ registry: this.registry, clock, versions: this.function },
      discoverer: {
        discover: async ({ address }) => Promise.resolve(this.#at(address).discover()),
      },
      gate: {
        listing: { parts: ["open"], heads: (...asked) => items.heads(...asked) },
        rehearser: { rehearse: async (address, journals) => await this.#rehearse(address, journals) },
        ...{ items, clock, entropy: systemEntropy, untilMs: clock.now() + HOUR_MS / 2 },
        logger: { log: (_level, message, fields) => void this.logged.push({ message, fields }) },
        ...this.gate,
      },
    });
  }

  #at(address: string): Endpoint {
    const endpoint = this.#codes.get(this.function.codeOf(address));
    if (!endpoint) throw new Error(`no code at ${address}`);
    return endpoint;
  }

  async #rehearse(address: string, journals: readonly string[]): Promise<readonly Replayed[]> {
    this.requests.push(journals.length);
    return this.answers
      ? await this.answers(journals)
      : await replayedBy(this.#at(address), journals.map(parseRecorded));
  }
}
