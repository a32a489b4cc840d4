/** The world of the ingress tests, and the admin API. */
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { OperationalError } from "../../../lib/errors.ts";
import type { Reachable } from "../../../lib/model/manifest.ts";
import type { Attributes } from "../../../lib/model/item.ts";
import type { ListedPart } from "../../../lib/model/listing.ts";
import type { Start } from "../../../lib/model/message.ts";
import type { KeyPage, ListedPage, ListedRange, Listing } from "../../../lib/ports.ts";
import type { Value } from "../../../lib/model/value.ts";
import type { DiscoveryResponse } from "../../../lib/protocol.ts";
import { Admin } from "../../../runtime/admin/admin.ts";
import type { AdminPorts } from "../../../runtime/admin/ports.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { type Answer, answerOf, requestOf, World } from "../ingress/world.ts";

class KeptParts implements Listing {
  readonly parts: readonly ListedPart[];
  readonly #listing: Listing;

  constructor(listing: Listing, parts: readonly ListedPart[]) {
    this.#listing = listing;
    this.parts = parts;
  }

  heads(part: ListedPart, shard: string, range: ListedRange): Promise<ListedPage> {
    if (!this.parts.includes(part)) throw new Error(`there is no index '${part}'`);
    return this.#listing.heads(part, shard, range);
  }

  keys(service: string, page: { after?: string; limit: number }): Promise<KeyPage> {
    return this.#listing.keys(service, page);
  }
}

export class AdminWorld extends World {
  /** The registry has a store of its own, without the tests' faults. */
  readonly registry = new ItemRegistry(new MemoryItemStore(), this.clock, 0);
  readonly asked: Reachable[] = [];
  readonly discovered = new Map<string, DiscoveryResponse | Error>();
  readonly adminPorts: AdminPorts;
  readonly admin: Admin;
  #registered = 0;

  /** `parts`: which lists the store keeps. Absent: none. */
  constructor(parts?: readonly ListedPart[]) {
    super();
    this.adminPorts = {
      ...this.ports,
      ...(parts === undefined ? {} : { listing: new KeptParts(this.items, parts) }),
      registry: this.registry,
      discoverer: { discover: (target) => this.#discover(target) },
    };
    this.admin = new Admin(this.adminPorts, {
      version: "0.1.0",
      ingressEndpoint: "http://127.0.0.1:8080/",
    });
  }

  async #discover(target: Reachable): Promise<DiscoveryResponse> {
    const { address } = target;
    this.asked.push(target);
    const answer = this.discovered.get(address);
    if (answer instanceof Error) throw answer;
    if (!answer) throw new OperationalError("unavailable", "connection refused");
    return answer;
  }

  /** `admin`: another one than the world's. */
  async ask(line: string, body?: unknown, admin = this.admin): Promise<Answer> {
    const added = this.deployments.slice(this.#registered);
    this.#registered = this.deployments.length;
    for (const deployment of added) await this.registry.register(deployment);
    const text = body === undefined ? "" : JSON.stringify(body);
    return await answerOf(admin.handle(requestOf(line, text)));
  }

  /** An invocation that has a head, with these attributes added. */
  async invocation(attributes: Attributes, line = "POST /T/hello/send"): Promise<Start> {
    await this.request(line, '"x"', { "x-mine": "1" });
    const start = this.takeStart();
    await this.putHead(start, attributes);
    return start;
  }

  /** An invocation with this log, as it is stored. */
  withLog(log: Value[], attributes: Attributes = {}): Promise<Start> {
    return this.invocation({ s: "running", l: log, n: log.length, ...attributes }, "POST /O/k/add/send");
  }
}
