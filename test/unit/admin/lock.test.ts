// `GET /services/{service}/locks/{key}`: who owns a key, and who is parked behind it.
import { expect, test } from "vitest";
import { inboxKey, lockKey } from "../../../lib/model/lock.ts";
import type { Attributes } from "../../../lib/model/item.ts";
import { NOW } from "../ingress/world.ts";
import { AdminWorld } from "./admin-world.ts";

const PLACE = lockKey("O", "a/b");
const holder = (id: string) => [id, 0, "token"];
const LOCK = { o: "inv_owner", i: 0, k: "token", u: NOW, g: "n", q: [holder("inv_1")], h: 3, t: 5 };

async function locked(attributes: Attributes): Promise<AdminWorld> {
  const world = new AdminWorld();
  await world.items.write({ op: "put", key: PLACE, attributes });
  for (const [position, id] of [
    [2, "inv_left"],
    [3, "inv_2"],
    [4, "inv_3"],
    [5, "inv_late"],
  ] as const)
    await world.items.write({
      op: "put",
      key: inboxKey(PLACE, position),
      attributes: { p: holder(id), i: id },
    });
  return world;
}

test("says which invocation owns the key since when, and which wait, in their order", async () => {
  const world = await locked(LOCK);
  expect((await world.ask("GET /services/O/locks/a%2Fb")).body).toEqual({
    ...{ service: "O", key: "a/b" },
    owner: { invocation_id: "inv_owner", taken_at: new Date(NOW).toISOString() },
    waiting: ["inv_1", "inv_2", "inv_3"],
    waiting_count: 3,
  });
});

test("shows the first of those that wait, and counts all", async () => {
  const world = await locked({ ...LOCK, u: "handed" });
  const { body } = await world.ask("GET /services/O/locks/a%2Fb?limit=1");
  expect(body).toMatchObject({ owner: { invocation_id: "inv_owner" }, waiting: ["inv_1"], waiting_count: 3 });
  expect(body).not.toHaveProperty("owner.taken_at");
});

test("a key that nobody owns has none, and an unknown service is not found", async () => {
  const world = new AdminWorld();
  expect(await world.ask("GET /services/O/locks/x")).toMatchObject({
    status: 200,
    body: { service: "O", key: "x", waiting: [], waiting_count: 0 },
  });
  expect(await world.ask("GET /services/Nope/locks/x")).toMatchObject({ status: 404 });
});
