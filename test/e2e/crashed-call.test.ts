// A process ends while one invocation in it waits for another in it that it has called: both go on, and soon.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Server, until } from "./server.ts";

test.each(["caller", "callee"])("crash of the %s", async (who) => {
  const server = await Server.start({ file: "powers.ts", args: ["--no-watch"] });
  try {
    const [effects, gate] = [join(server.folder, "effects"), join(server.folder, "gate")];
    const lines = (): string[] =>
      existsSync(effects) ? readFileSync(effects, "utf8").split("\n").slice(0, -1) : [];
    const caller = await server.send("/Trip/call", { effects, gate });
    await until(lines, (found) => found.includes("hotel"));
    const callee = /Trip\/book started {2}(inv_\w+)/u.exec(server.output)?.[1];
    const body = { invocation_id: who === "caller" ? caller : callee };
    const { status, json } = await server.request(`${server.adminUrl}/dev/crash`, { body });
    expect({ status, json }).toMatchObject({ status: 200, json: { done: true } });
    writeFileSync(gate, "");
    expect((await server.attach(caller)).json).toBe("booked");
    // The step that ran is tried again, and what was recorded is not.
    expect(lines().filter((line) => line === "flight")).toHaveLength(1);
    expect(lines().filter((line) => line === "confirm")).toHaveLength(1);
  } finally {
    await server.stop();
  }
});
