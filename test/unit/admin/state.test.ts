import { expect, test } from "vitest";
import { fenceOf, stateKey, tokenOf } from "../../../lib/model/fence.ts";
import type { Value } from "../../../lib/model/value.ts";
import { bytes } from "../ingress/world.ts";
import { AdminWorld } from "./admin-world.ts";

async function put(world: AdminWorld, key: string, name: string, value: Value | undefined): Promise<void> {
  const f = fenceOf(tokenOf(0, "1"), 0);
  const attributes = value === undefined ? { f, gone: true } : { f, val: value };
  await world.items.write({ op: "put", key: stateKey("O", key, name), attributes });
}

test("the state of a key is listed, without what was cleared", async () => {
  const world = new AdminWorld();
  await put(world, "a/b", "count", bytes("3"));
  await put(world, "a/b", "gone", undefined);
  await put(world, "a/b", "raw", new Uint8Array([255, 0]));
  await put(world, "a/b", "empty", bytes(""));
  await put(world, "a", "other", bytes("1"));
  const query = world.items.query.bind(world.items);
  world.items.query = (table, pk, prefix, page) => query(table, pk, prefix, { ...page, limit: 1 });
  expect(await world.ask("GET /services/O/state/a%2Fb")).toEqual({
    status: 200,
    headers: { "content-type": "application/json" },
    body: {
      service: "O",
      key: "a/b",
      version: expect.stringMatching(/^[\w-]{22}$/) as string,
      state: [
        { name: "count", bytes: 1, value: "3" },
        { name: "empty", bytes: 0, value: "" },
        { name: "raw", bytes: 2, value_base64: "/wA=" },
      ],
    },
  });
});

test("a key without state has none", async () => {
  const answer = await new AdminWorld().ask("GET /services/O/state/never");
  expect(answer).toMatchObject({ status: 200, body: { state: [] } });
});
