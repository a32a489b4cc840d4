/** The answers to CloudFormation: registration, refusal with its reason, removal. */
import { describe, expect, test } from "vitest";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { OperationalError } from "../../../lib/errors.ts";
import type { HandlerManifest, ServiceManifest } from "../../../lib/model/manifest.ts";
import { PROTOCOL_VERSION } from "../../../lib/protocol.ts";
import {
  answerTo,
  type ResourceAnswer,
  type ResourceEvent,
} from "../../../runtime/registrar/cloudformation.ts";
import { Registrar } from "../../../runtime/registrar/registrar.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { ManualClock } from "../local/manual-clock.ts";

const FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:greeter";
const HOUR_MS = 3_600_000;

const greeter = (...handlers: string[]): ServiceManifest => ({
  name: "Greeter",
  type: "service",
  handlers: handlers.map((name): HandlerManifest => ({ name, kind: "plain" })),
});

class World {
  readonly clock = new ManualClock();
  readonly registry = new ItemRegistry(new MemoryItemStore(), this.clock, 0);
  /** The answers of each version, in turn. The last one repeats. */
  readonly answers = new Map<string, (readonly ServiceManifest[] | Error)[]>();
  asked = 0;
  readonly registrar = new Registrar({
    registry: this.registry,
    clock: this.clock,
    discoverer: {
      discover: async ({ address }) => {
        this.asked++;
        const answers = this.answers.get(address) ?? [];
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        if (!answer || answer instanceof Error) throw answer ?? new Error(`unknown: ${address}`);
        return Promise.resolve({ version: PROTOCOL_VERSION, sdkVersion: "1", services: answer });
      },
    },
  });

  async ask(
    request: ResourceEvent["RequestType"],
    version: number,
    more: Partial<ResourceEvent> & { readonly breaking?: string } = {},
  ): Promise<ResourceAnswer> {
    const answer = answerTo(
      {
        RequestType: request,
        ResponseURL: "http://127.0.0.1/",
        StackId: "stack",
        RequestId: "request",
        LogicalResourceId: "Registration",
        ResourceProperties: {
          FunctionArn: FUNCTION,
          VersionArn: `${FUNCTION}:${version}`,
          Services: ["Greeter"],
          Breaking: more.breaking ?? "false",
        },
        ...more,
      },
      this.registrar,
    );
    await this.clock.advance(HOUR_MS);
    return await answer;
  }
}

function worldWith(...versions: readonly (readonly ServiceManifest[] | Error)[]): World {
  const world = new World();
  versions.forEach((answer, index) => world.answers.set(`${FUNCTION}:${index + 1}`, [answer]));
  return world;
}

describe("a service's registration", () => {
  test("is named after its function and makes its version the newest", async () => {
    const world = worldWith([greeter("greet")], [greeter("greet", "part")]);
    expect(await world.ask("Create", 1)).toEqual({
      Status: "SUCCESS",
      PhysicalResourceId: FUNCTION,
      StackId: "stack",
      RequestId: "request",
      LogicalResourceId: "Registration",
    });
    const first = await world.registry.service("Greeter");
    expect(await world.ask("Update", 2, { PhysicalResourceId: FUNCTION })).toMatchObject({
      Status: "SUCCESS",
    });
    const second = await world.registry.service("Greeter");
    expect([first?.revision, second?.revision]).toEqual([1, 2]);
    expect(second?.handlers.map(({ name }) => name)).toEqual(["greet", "part"]);
    // Rolled back: the old version is the newest again, although it lacks a handler.
    expect(await world.ask("Update", 1, { PhysicalResourceId: FUNCTION })).toMatchObject({
      Status: "SUCCESS",
    });
    expect((await world.registry.service("Greeter"))?.deployment).toBe(first?.deployment);
  });

  test("waits for a permission that is not known everywhere yet", async () => {
    const world = new World();
    const denied = new OperationalError("unavailable", "the function cannot be invoked");
    world.answers.set(`${FUNCTION}:1`, [denied, denied, [greeter("greet")]]);
    expect(await world.ask("Create", 1)).toMatchObject({ Status: "SUCCESS" });
    expect(world.asked).toBe(3);
  });

  test("gives up in the end, and says why", async () => {
    const world = worldWith(new OperationalError("unavailable", "the function cannot be invoked: denied"));
    const answer = await world.ask("Create", 1);
    expect(answer).toMatchObject({
      Status: "FAILED",
      PhysicalResourceId: "nothing",
      Reason: expect.stringContaining("the function cannot be invoked: denied") as string,
    });
    expect(world.asked).toBe(30);
  });

  test("is refused at once if the function dies, or takes away what others rely on", async () => {
    const world = worldWith([greeter("greet", "part")], [greeter("greet")], new Error("it died"));
    await world.ask("Create", 1);
    expect(await world.ask("Update", 2, { PhysicalResourceId: FUNCTION })).toMatchObject({
      Status: "FAILED",
      PhysicalResourceId: FUNCTION,
      Reason: expect.stringContaining("handler Greeter/part is removed") as string,
    });
    expect(await world.ask("Update", 2, { breaking: "true" })).toMatchObject({ Status: "SUCCESS" });
    expect(await world.ask("Update", 3)).toMatchObject({
      Status: "FAILED",
      Reason: expect.stringContaining("it died") as string,
    });
    expect(world.asked).toBe(4);
  });

  test("is refused if it serves other services than its role is confined to", async () => {
    const other: ServiceManifest = { ...greeter("greet"), name: "Other" };
    const world = worldWith([greeter("greet"), other], [other]);
    expect(await world.ask("Create", 1)).toMatchObject({
      Status: "FAILED",
      Reason:
        'the function serves Other, which the stack does not name: set `services` to ["Greeter", "Other"]',
    });
    expect(await world.ask("Create", 2)).toMatchObject({
      Status: "FAILED",
      Reason:
        "the function serves Other, which the stack does not name and does not serve Greeter, " +
        'which the stack names: set `services` to ["Other"]',
    });
    expect(await world.registry.services()).toEqual([]);
  });

  test("is removed with all versions of its function, and of no other", async () => {
    const world = worldWith([greeter("greet")], [greeter("greet")]);
    const other: ServiceManifest = { ...greeter("greet"), name: "Other" };
    await world.registry.register({
      id: "o",
      address: `${FUNCTION}-two:1`,
      createdAtMs: 1,
      services: [other],
    });
    await world.ask("Create", 1);
    await world.ask("Update", 2);
    expect(await world.registry.deployments()).toHaveLength(3);
    expect(await world.ask("Delete", 2, { PhysicalResourceId: FUNCTION })).toMatchObject({
      Status: "SUCCESS",
    });
    expect((await world.registry.services()).map(({ name }) => name)).toEqual(["Other"]);
    expect(await world.registry.deployments()).toHaveLength(1);
  });

  test("that was never made is removed by doing nothing", async () => {
    const world = worldWith([greeter("greet")]);
    await world.ask("Create", 1);
    const answer = await world.ask("Delete", 1, { PhysicalResourceId: "nothing" });
    expect(answer).toMatchObject({ Status: "SUCCESS", PhysicalResourceId: "nothing" });
    expect(await world.registry.services()).toHaveLength(1);
  });

  test("without its properties is refused with words", async () => {
    const answer = await new World().ask("Create", 1, { ResourceProperties: {} });
    expect(answer).toMatchObject({
      Status: "FAILED",
      Reason: expect.stringContaining("FunctionArn") as string,
    });
  });
});
