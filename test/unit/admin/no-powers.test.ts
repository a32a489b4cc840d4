// What a development server can do to an invocation, a server in AWS cannot: its admin API has none of the paths.
import { expect, test } from "vitest";
import { AdminWorld } from "./admin-world.ts";

test.each([
  ...["POST /dev/crash", "POST /dev/redeliver", "POST /dev/clock", "POST /dev/fail-next-step"],
  ...["GET /dev/clock", "GET /dev/armed", "DELETE /dev/armed", "GET /dev/events"],
])("%s is not found", async (line) => {
  const world = new AdminWorld();
  const { id } = await world.invocation({});
  expect(await world.ask(line, line.startsWith("POST") ? { invocation_id: id } : undefined)).toMatchObject({
    status: 404,
  });
});
