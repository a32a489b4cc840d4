/** Misbehaving handlers. Each ends as its policy says, with a reason. It harms neither the engine nor other invocations. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Server, until } from "./server.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start({ file: "misbehaving.ts", args: ["--no-watch"] });
});
afterAll(() => server.stop());

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe.each([
  ["exit", 500, "process.exit()"],
  ["uncaught", 500, "thrown in a timer"],
  ["rejected", 500, "nobody listens"],
  ["throwsString", 500, "just a string"],
  ["throwsNothing", 500, "no Error was thrown"],
  ["circular", 500, "circular", "once"],
  ["bigint", 500, "BigInt", "once"],
  ["circularStep", 500, "circular", "once"],
  ["contextInStep", 500, "outer step", "once"],
] as const)("%s", (handler, status, text, tried?: "once") => {
  test(`ends with ${status} and says "${text}", while others go on`, async () => {
    const beside = Promise.all([
      server.call("/Good/slow", handler),
      server.call("/Good/slow", `${handler} 2`),
    ]);
    const answer = await server.request(`/Bad/${handler}`);
    expect(answer).toMatchObject({ status, json: { message: expect.stringContaining(text) as string } });
    expect(await beside).toEqual([handler, `${handler} 2`]);
    const second = new RegExp(`Bad/${handler} failed.*, attempt 2: `);
    // What no attempt would do better is tried once.
    if (tried === "once") expect(server.output).not.toMatch(second);
    else expect(server.output).toMatch(second);
  });
});

test("a spinning handler is killed, and others go on", async () => {
  const spin = server.request("/Stuck/spin");
  expect(await spin).toMatchObject({
    status: 500,
    json: { message: expect.stringContaining("blocked its process") as string },
  });
  expect(await server.call("/Good/slow", 1)).toBe(1);
});

test("a handler that never settles is ended by its abort timeout", async () => {
  const answer = await server.request("/Stuck/never");
  expect(answer.status).toBeGreaterThanOrEqual(500);
  expect(await server.call("/Good/echo", 1)).toBe(1);
});

test("a replay that differs names the steps (D1)", async () => {
  const answer = await server.request("/Fickle/differs");
  expect(answer.status).toBe(570);
  expect(answer.text).toMatch(/first name[^]*second name|second name[^]*first name/);
});

test("terminal errors are the caller's, and nobody else's", async () => {
  expect(await server.request("/Good/teapot")).toMatchObject({
    status: 418,
    json: { message: "short and stout" },
  });
});

test("a spinning host does not outlive an engine that was killed", async () => {
  void server.send("/Stuck/spinForever");
  const text = await until(
    () => /spinning in process (\d+)/.exec(server.output)?.[1],
    (found) => found !== undefined,
  );
  const pid = Number(text);
  expect(isAlive(pid)).toBe(true);
  await server.kill9();
  await until(
    () => isAlive(pid),
    (alive) => !alive,
    3_000,
  );
});
