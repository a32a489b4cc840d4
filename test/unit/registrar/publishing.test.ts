/** The registrar publishes what it registers: so a deployment that has failed can be made again, and a rollback is to the version of
 * before. And it sees to it that what is in flight on earlier versions keeps access to its items. */
import { beforeEach, describe, expect, test } from "vitest";
import { OperationalError } from "../../../lib/errors.ts";
import { DEPLOYMENT_GRACE_MS } from "../../../lib/limits.ts";
import { FUNCTION, greeter, service, World } from "./world.ts";

const BEFORE = [greeter("greet", "part")];
const BREAKING = [greeter("greet")];

let world: World;
beforeEach(() => {
  world = new World();
});

const servedBy = async (name = "Greeter"): Promise<string | undefined> =>
  (await world.registry.service(name))?.address;
const numbers = (): number[] => world.function.published.map(({ number }) => number);

describe("a version", () => {
  test("is published and registered, and the stack learns which", async () => {
    expect(await world.deploy("a", BEFORE)).toMatchObject({
      Status: "SUCCESS",
      Data: { VersionArn: `${FUNCTION}:1`, Version: "1" },
    });
    expect(await servedBy()).toBe(`${FUNCTION}:1`);
    expect(world.function.published[0]?.description).toMatch(/^Perdure build [\w-]{20}$/);
  });

  test("is waited for: a permission, an update of the function, its preparation", async () => {
    world.function.faults.push(
      new OperationalError("unavailable", "not allowed yet"),
      new OperationalError("unavailable", "an update is in progress"),
    );
    world.function.preparing = 3;
    expect(await world.deploy("a", BEFORE)).toMatchObject({ Status: "SUCCESS", Data: { Version: "1" } });
    expect(numbers()).toEqual([1]);
  });

  test("that cannot be made says why, at once", async () => {
    world.function.faults.push(new Error("Code storage limit exceeded."));
    expect(await world.deploy("a", BEFORE)).toMatchObject({
      Status: "FAILED",
      Reason: "Code storage limit exceeded.",
    });
  });

  test("is another one if what its settings name has changed", async () => {
    const references = (url: string) => ({ References: [{ url }] });
    await world.deploy("a", BEFORE, references("one"));
    expect(await world.deploy("a", [...BEFORE], references("two"))).toMatchObject({ Data: { Version: "2" } });
  });

  test("that a stack of an earlier version had published goes on", async () => {
    world.function.latest = BEFORE;
    await world.function.publish(FUNCTION, "");
    await world.ask("Create", 1);
    // The same code, by today's stack: the version is the same, too.
    expect(await world.deploy("a", BEFORE)).toMatchObject({ Data: { Version: "1" } });
    expect(await world.registry.deployments()).toMatchObject([{ fingerprint: expect.any(String) as string }]);
    // Rolled back to the earlier version of Perdure.
    expect(await world.ask("Update", 1, { PhysicalResourceId: FUNCTION })).toMatchObject({
      Data: { Version: "1" },
    });
  });
});

describe("a deployment that fails", () => {
  beforeEach(async () => {
    await world.deploy("a", BEFORE);
  });

  const refused = async () => {
    const answer = await world.deploy("b", BREAKING);
    expect(answer).toMatchObject({
      Status: "FAILED",
      Reason: expect.stringContaining("handler Greeter/part is removed") as string,
    });
    expect(answer).not.toHaveProperty("Data");
  };

  test("leaves no version, and is rolled back to the version of before", async () => {
    await refused();
    expect([world.function.removed, numbers()]).toEqual([[2], [1]]);
    expect(await world.deploy("a", [...BEFORE])).toMatchObject({ Status: "SUCCESS", Data: { Version: "1" } });
    expect([await servedBy(), numbers()]).toEqual([`${FUNCTION}:1`, [1]]);
  });

  test("can be made again with `allowBreakingChanges`, without a change of the code", async () => {
    await refused();
    await world.deploy("a", [...BEFORE]);
    expect(await world.deploy("b", BREAKING, { Breaking: "true" })).toMatchObject({ Status: "SUCCESS" });
    expect(await servedBy()).toBe(`${FUNCTION}:3`);
  });

  test("and whose version could not be deleted can be made again, too", async () => {
    world.function.canRemove = false;
    await refused();
    expect(await world.deploy("b", BREAKING, { Breaking: "true" })).toMatchObject({ Data: { Version: "2" } });
    expect(await servedBy()).toBe(`${FUNCTION}:2`);
  });

  test("keeps a version that somebody else has published", async () => {
    world.function.latest = BREAKING;
    await world.function.publish(FUNCTION, "release 7");
    await refused();
    expect(numbers()).toEqual([1, 2]);
  });

  test("keeps a version that is registered", async () => {
    const broken = Object.assign([service("Greeter", "greet", "part")], {});
    await world.deploy("c", broken);
    broken.push(service("Unnamed", "x"));
    expect(await world.deploy("c", broken, { Services: ["Greeter"] })).toMatchObject({ Status: "FAILED" });
    expect(numbers()).toEqual([1, 2]);
  });

  test("after it was registered, for another reason, is rolled back to the version of before", async () => {
    await world.deploy("b", [greeter("greet", "part", "new")]);
    expect(await world.deploy("a", [...BEFORE])).toMatchObject({ Status: "SUCCESS", Data: { Version: "1" } });
    expect([await servedBy(), numbers()]).toEqual([`${FUNCTION}:1`, [1, 2]]);
  });

  test("is rolled back although the version of before was deleted by hand", async () => {
    await refused();
    await world.function.remove(`${FUNCTION}:1`);
    expect(await world.deploy("a", [...BEFORE])).toMatchObject({ Status: "SUCCESS", Data: { Version: "3" } });
  });
});

describe("a service that the function does not serve any more", () => {
  const both = [greeter("greet"), service("Counter", "add")];
  const one = [greeter("greet")];

  beforeEach(async () => {
    await world.deploy("a", both);
  });

  test("fails the deployment, which says what to set", async () => {
    expect(await world.deploy("b", one)).toMatchObject({
      Status: "FAILED",
      Reason: expect.stringMatching(/serve Counter, .* set `formerServices` to \["Counter"\]/) as string,
    });
    expect(await servedBy("Counter")).toBe(`${FUNCTION}:1`);
  });

  test("goes on on its last version with `formerServices`, until another function has it", async () => {
    expect(await world.deploy("b", one, { FormerServices: ["Counter"] })).toMatchObject({
      Status: "SUCCESS",
    });
    expect([await servedBy(), await servedBy("Counter")]).toEqual([`${FUNCTION}:2`, `${FUNCTION}:1`]);
  });

  test("must stay named for as long as the earlier version is registered", async () => {
    await world.deploy("b", one, { FormerServices: ["Counter"] });
    world.clock.set(world.clock.now() + 30 * DEPLOYMENT_GRACE_MS);
    expect(await world.deploy("b", one)).toMatchObject({
      Status: "FAILED",
      Reason: expect.stringContaining("Counter") as string,
    });
    const [first] = (await world.registry.deployments()).filter(({ address }) => address.endsWith(":1"));
    await world.registry.remove(first?.id ?? "");
    expect(await world.deploy("b", one)).toMatchObject({ Status: "SUCCESS" });
  });

  test("is given up with `allowBreakingChanges`: nothing goes to the version that could not serve it", async () => {
    expect(await world.deploy("b", one, { Breaking: "true" })).toMatchObject({ Status: "SUCCESS" });
    expect(await world.registry.service("Counter")).toBeUndefined();
    expect(await world.registry.deployments()).toHaveLength(2);
    // Once given up, it is not asked for again.
    expect(await world.deploy("c", [...one])).toMatchObject({ Status: "SUCCESS" });
    // A rollback gives it back.
    expect(await world.deploy("a", both)).toMatchObject({ Status: "SUCCESS" });
    expect(await servedBy("Counter")).toBe(`${FUNCTION}:1`);
  });

  test("that a deployment has just brought may go again in its rollback", async () => {
    const three = [...both, service("New", "x")];
    await world.deploy("c", three);
    expect(await world.deploy("a", both)).toMatchObject({ Status: "SUCCESS" });
    expect(await servedBy("New")).toBeUndefined();
  });

  test("that came long ago may not, even if the older code is still there", async () => {
    const three = [...both, service("New", "x")];
    await world.deploy("c", three);
    world.clock.set(world.clock.now() + 30 * DEPLOYMENT_GRACE_MS);
    expect(await world.deploy("a", both)).toMatchObject({
      Status: "FAILED",
      Reason: expect.stringContaining('`formerServices` to ["New"]') as string,
    });
  });

  test("is nobody's business for a stack of an earlier version, which could not name it", async () => {
    world.answers.set(`${FUNCTION}:9`, [one]);
    expect(await world.ask("Update", 9, { PhysicalResourceId: FUNCTION })).toMatchObject({
      Status: "SUCCESS",
    });
  });
});

test("an answer comes before the registrar's time is over", async () => {
  await world.deploy("a", BEFORE);
  world.registrar.register = async () => new Promise(() => undefined);
  const event = { RequestType: "Update", PhysicalResourceId: FUNCTION } as const;
  const properties = { FunctionArn: FUNCTION, Fingerprint: "b", Services: ["Greeter"] };
  expect(await world.send({ ...event, ResourceProperties: properties }, 1000)).toMatchObject({
    Status: "FAILED",
    Reason: expect.stringContaining("longer than the registrar may run") as string,
  });
});
