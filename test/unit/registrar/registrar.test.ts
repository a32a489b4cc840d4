/** The answers to CloudFormation: registration, refusal with its reason, removal. */
import { describe, expect, test } from "vitest";
import { OperationalError } from "../../../lib/errors.ts";
import type { ServiceManifest } from "../../../lib/model/manifest.ts";
import { FUNCTION, greeter, World } from "./world.ts";

function worldWith(...versions: readonly (readonly ServiceManifest[] | Error)[]): World {
  const world = new World();
  versions.forEach((answer, index) => world.answers.set(`${FUNCTION}:${index + 1}`, [answer]));
  return world;
}

describe("a service's own mailbox", () => {
  const URL = "https://sqs/own";
  const resource = (mailbox?: string, versionArn = `${FUNCTION}:1`): Record<string, unknown> => ({
    ...{ FunctionArn: FUNCTION, VersionArn: versionArn, Services: ["Greeter"], Breaking: "false" },
    ...(mailbox ? { MailboxUrl: mailbox } : {}),
  });
  const create = { ResourceProperties: resource(URL) };
  const mailboxOf = async ({ mailboxes }: World) => (await mailboxes.now("Greeter"))?.url;

  test("comes with its registration, and goes with it", async () => {
    const world = worldWith([greeter("greet")]);
    expect(await world.ask("Create", 1, create)).toMatchObject({ Status: "SUCCESS" });
    expect(await mailboxOf(world)).toBe(URL);
    expect(await world.ask("Delete", 1, { PhysicalResourceId: FUNCTION, ...create })).toMatchObject({
      Status: "SUCCESS",
    });
    expect(await mailboxOf(world)).toBeUndefined();
    expect(await world.registry.service("Greeter")).toBeUndefined();
  });

  test("is taken away when it is empty, else nothing changes", async () => {
    const world = worldWith([greeter("greet")]);
    await world.ask("Create", 1, create);
    world.depth = 3;
    const update = {
      PhysicalResourceId: FUNCTION,
      ResourceProperties: resource(),
      OldResourceProperties: resource(URL),
    };
    const refused = await world.ask("Update", 1, update);
    expect(refused).toMatchObject({
      Status: "FAILED",
      Reason: expect.stringContaining("the mailbox of Greeter still has 3 messages") as string,
    });
    expect(await mailboxOf(world)).toBe(URL);
    const kept = await world.ask("Delete", 1, { PhysicalResourceId: FUNCTION, ...create });
    expect([kept.Status, await world.registry.service("Greeter")]).toMatchObject(["FAILED", { revision: 1 }]);
    world.depth = 0;
    expect(await world.ask("Update", 1, update)).toMatchObject({ Status: "SUCCESS" });
    expect(await mailboxOf(world)).toBeUndefined();
  });

  test("of a service that a stack no longer names is left as well", async () => {
    const other: ServiceManifest = { ...greeter("greet"), name: "Other" };
    const world = worldWith([greeter("greet"), other], [greeter("greet")]);
    await world.ask("Create", 1, {
      ResourceProperties: { ...resource(URL), Services: ["Greeter", "Other"] },
    });
    const update = {
      ResourceProperties: resource(URL, `${FUNCTION}:2`),
      OldResourceProperties: resource(URL),
    };
    const answer = await world.ask("Update", 2, {
      PhysicalResourceId: FUNCTION,
      breaking: "true",
      ...update,
    });
    expect(answer).toMatchObject({ Status: "SUCCESS" });
    expect(await world.mailboxes.all()).toMatchObject([{ service: "Greeter", url: URL }]);
  });

  test("is left again if the version cannot be registered", async () => {
    const world = worldWith([greeter("greet"), { ...greeter("greet"), name: "Unnamed" }]);
    expect(await world.ask("Create", 1, create)).toMatchObject({ Status: "FAILED" });
    expect(await world.mailboxes.all()).toEqual([]);
  });

  test("stays when an earlier function of its services goes", async () => {
    const world = worldWith([greeter("greet")]);
    await world.ask("Create", 1, create);
    const gone = { PhysicalResourceId: `${FUNCTION}-earlier`, ...create };
    expect(await world.ask("Delete", 1, gone)).toMatchObject({ Status: "SUCCESS" });
    expect(await mailboxOf(world)).toBe(URL);
  });
});

describe("a service's registration", () => {
  test("is named after its function and makes its version the newest", async () => {
    const world = worldWith([greeter("greet")], [greeter("greet", "part")]);
    expect(await world.ask("Create", 1)).toEqual({
      Status: "SUCCESS",
      PhysicalResourceId: FUNCTION,
      StackId: "stack",
      RequestId: "request",
      LogicalResourceId: "Registration",
      Data: { VersionArn: `${FUNCTION}:1`, Version: "1", InFlight: "not asked" },
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
