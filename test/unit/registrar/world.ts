/** A registrar over a registry in memory, and a function whose versions are published as in AWS. */
import { OwnMailboxes } from "../../../lib/store/own-mailboxes.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import type { HandlerManifest, ServiceManifest } from "../../../lib/model/manifest.ts";
import { PROTOCOL_VERSION } from "../../../lib/protocol.ts";
import {
  answerTo,
  type ResourceAnswer,
  type ResourceEvent,
} from "../../../runtime/registrar/cloudformation.ts";
import type { FunctionVersions } from "../../../runtime/registrar/ports.ts";
import { Registrar } from "../../../runtime/registrar/registrar.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { ManualClock } from "../local/manual-clock.ts";

export const FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:greeter";
const HOUR_MS = 3_600_000;
/** Longer than all that it waits for. */
const LEFT_MS = HOUR_MS / 2;

export const service = (name: string, ...handlers: string[]): ServiceManifest => ({
  name,
  type: "service",
  handlers: handlers.map((handler): HandlerManifest => ({ name: handler, kind: "plain" })),
});
export const greeter = (...handlers: string[]): ServiceManifest => service("Greeter", ...handlers);

type Served = readonly ServiceManifest[] | Error;

/** A version has the code of when it was published. If that was not changed since, there is no other one. */
export class FakeFunction implements FunctionVersions {
  /** What $LATEST serves. */
  latest: Served = new Error("no code yet");
  description = "mine";
  readonly published: { number: number; code: Served; description: string }[] = [];
  readonly removed: number[] = [];
  /** Thrown by the next requests, in turn. */
  readonly faults: Error[] = [];
  preparing = 0;
  canRemove = true;
  #numbers = 0;

  async publish(arn: string, description: string): Promise<{ arn: string; description: string }> {
    this.#fail();
    const newest = this.published.at(-1);
    const version =
      newest?.code === this.latest
        ? newest
        : { number: ++this.#numbers, code: this.latest, description: description || this.description };
    if (version !== newest) this.published.push(version);
    return Promise.resolve({ arn: `${arn}:${version.number}`, description: version.description });
  }

  async state(arn: string): Promise<"ready" | "preparing" | "gone"> {
    this.#fail();
    if (this.preparing-- > 0) return Promise.resolve("preparing");
    return Promise.resolve(this.#find(arn) ? "ready" : "gone");
  }

  async remove(arn: string): Promise<void> {
    this.#fail();
    if (!this.canRemove) throw new Error("gone dark");
    const found = this.#find(arn);
    if (found) this.published.splice(this.published.indexOf(found), 1);
    return Promise.resolve(void this.removed.push(Number(arn.split(":").at(-1))));
  }

  codeOf(arn: string): Served | undefined {
    return this.#find(arn)?.code;
  }

  #find(arn: string) {
    return this.published.find(({ number }) => arn === `${FUNCTION}:${number}`);
  }

  #fail(): void {
    const fault = this.faults.shift();
    if (fault) throw fault;
  }
}

export class World {
  readonly clock = new ManualClock();
  readonly items = new MemoryItemStore();
  #deployed: Readonly<Record<string, unknown>> = {};
  readonly registry = new ItemRegistry(this.items, this.clock, 0);
  readonly mailboxes = new OwnMailboxes(this.items, this.clock, true);
  readonly function = new FakeFunction();
  /** Of each own mailbox. */
  depth = 0;
  /** Of versions that were not published here: the answers of each, in turn. The last one repeats. */
  readonly answers = new Map<string, Served[]>();
  asked = 0;
  readonly registrar = new Registrar({
    registry: this.registry,
    clock: this.clock,
    moves: { areExpected: true, mailboxes: this.mailboxes, depth: () => Promise.resolve(this.depth) },
    versions: this.function,
    discoverer: {
      discover: async ({ address }) => {
        this.asked++;
        const answers = this.answers.get(address) ?? [];
        const answer = this.function.codeOf(address) ?? (answers.length > 1 ? answers.shift() : answers[0]);
        if (!answer || answer instanceof Error) throw answer ?? new Error(`unknown: ${address}`);
        return Promise.resolve({ version: PROTOCOL_VERSION, sdkVersion: "1", services: answer });
      },
    },
  });

  /** A stack of an earlier version of Perdure, which publishes versions itself. */
  async ask(
    request: ResourceEvent["RequestType"],
    version: number,
    more: Partial<ResourceEvent> & { readonly breaking?: string } = {},
  ): Promise<ResourceAnswer> {
    return await this.send({
      RequestType: request,
      ResourceProperties: {
        FunctionArn: FUNCTION,
        VersionArn: `${FUNCTION}:${version}`,
        Services: ["Greeter"],
        Breaking: more.breaking ?? "false",
      },
      ...more,
    });
  }

  /** A stack of today. `code` and its `fingerprint` belong together. */
  async deploy(
    fingerprint: string,
    code: Served,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<ResourceAnswer> {
    this.function.latest = code;
    const served = code instanceof Error ? ["Greeter"] : code.map(({ name }) => name);
    const properties = {
      ...{ FunctionArn: FUNCTION, Fingerprint: fingerprint, Services: served, FormerServices: [] },
      ...{ Breaking: "false", ...more },
    };
    const event = { RequestType: "Update", PhysicalResourceId: FUNCTION } as const;
    const answer = await this.send({
      ...{ ...event, ResourceProperties: properties, OldResourceProperties: this.#deployed },
    });
    if (answer.Status === "SUCCESS") this.#deployed = properties;
    return answer;
  }

  async send(
    event: Partial<ResourceEvent> & Pick<ResourceEvent, "RequestType" | "ResourceProperties">,
    leftMs = LEFT_MS,
  ): Promise<ResourceAnswer> {
    const common = { ResponseURL: "http://127.0.0.1/", StackId: "stack", RequestId: "request" };
    const answer = answerTo({ ...common, LogicalResourceId: "Registration", ...event }, this.registrar, {
      clock: this.clock,
      leftMs,
      items: this.items,
    });
    await this.clock.advance(HOUR_MS);
    return await answer;
  }
}
