/** Subscriptions that a stack makes, changes and deletes. */
import { expect, test } from "vitest";
import { subscriptionId } from "../../../lib/model/shown-id.ts";
import { allSubscriptions } from "../../../runtime/events/subscription-store.ts";
import { World } from "./world.ts";

const ORDERS = { Name: "orders", Source: "sqs://orders", Sink: "service://Orders/place" };
const ID = subscriptionId("orders");
const asked = (ResourceProperties: Record<string, unknown>, PhysicalResourceId?: string) => ({
  ...{ ResourceType: "Custom::PerdureSubscription", ResourceProperties },
  ...(PhysicalResourceId === undefined ? {} : { PhysicalResourceId }),
});
const stored = async ({ items }: World) =>
  (await allSubscriptions(items)).map(({ name, sourceText, sinkText, givenOptions }) => [
    ...[name, sourceText, sinkText],
    givenOptions,
  ]);

test("are made before their handler is there, changed and deleted", async () => {
  const world = new World();
  const made = await world.send({ RequestType: "Create", ...asked(ORDERS) });
  expect(made).toMatchObject({ Status: "SUCCESS", PhysicalResourceId: ID });
  expect(await stored(world)).toEqual([["orders", "sqs://orders", "service://Orders/place", {}]]);
  const changed = { ...ORDERS, Options: { "perdure.key": "json:$.id" } };
  expect(await world.send({ RequestType: "Update", ...asked(changed, ID) })).toMatchObject({
    Status: "SUCCESS",
    PhysicalResourceId: ID,
  });
  expect(await stored(world)).toEqual([
    ["orders", "sqs://orders", "service://Orders/place", { "perdure.key": "json:$.id" }],
  ]);
  await world.send({ RequestType: "Delete", ...asked(changed, ID) });
  expect(await stored(world)).toEqual([]);
});

test("a creation that is repeated is one", async () => {
  const world = new World();
  for (let times = 0; times < 2; times++)
    expect(await world.send({ RequestType: "Create", ...asked(ORDERS) })).toMatchObject({
      Status: "SUCCESS",
    });
  expect(await stored(world)).toHaveLength(1);
});

test("one of the same name is not taken over, and what failed takes nothing with it", async () => {
  const world = new World();
  await world.send({ RequestType: "Create", ...asked(ORDERS) });
  const other = { ...ORDERS, Source: "sqs://others" };
  const refused = await world.send({ RequestType: "Create", ...asked(other) });
  expect(refused).toMatchObject({
    Status: "FAILED",
    Reason: expect.stringContaining("there is another subscription 'orders'") as string,
  });
  await world.send({ RequestType: "Delete", ...asked(other, refused.PhysicalResourceId) });
  expect(await stored(world)).toHaveLength(1);
});

test.each([
  [{ ...ORDERS, Source: "ftp://orders" }, "source must be one of"],
  [{ ...ORDERS, Sink: "Orders/place" }, "sink must be of the form"],
  [{ ...ORDERS, Options: { "perdure.keys": "x" } }, "there is no such option"],
  [{ Name: "orders" }, "needs Name, Source and Sink"],
])("%j is refused", async (properties, reason) => {
  expect(await new World().send({ RequestType: "Create", ...asked(properties) })).toMatchObject({
    Status: "FAILED",
    Reason: expect.stringContaining(reason) as string,
  });
});
