/** Handlers in a process of their own, registered by its URL. Either side dies. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../../scripts/free-ports.ts";
import { Server, until } from "./server.ts";

const FIXTURE = join(import.meta.dirname, "fixtures/served.ts");

let server: Server;
const processes: ChildProcess[] = [];

beforeAll(async () => {
  server = await Server.start({});
});
afterAll(async () => {
  for (const child of processes) child.kill("SIGKILL");
  await server.stop();
});

async function startHandlers(port: number, env: Record<string, string> = {}): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["--conditions=perdure-source", FIXTURE], {
    env: { ...process.env, NODE_OPTIONS: "", PORT: String(port), ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  processes.push(child);
  const ended = once(child, "exit").then(() => {
    throw new Error(`handlers that should serve on port ${port} have ended`);
  });
  await Promise.race([once(child.stdout, "data"), ended]);
  ended.catch(() => undefined);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

const register = (port: number, more: object = {}) =>
  server.request(`${server.adminUrl}/deployments`, { body: { uri: `http://localhost:${port}`, ...more } });

test("a process is registered, killed in mid-turn, started again: its steps run once each, but for the one under way", async () => {
  const port = await freePort();
  const first = await startHandlers(port);
  expect((await register(port)).status).toBe(201);
  expect(await server.call("/Who/pid")).toBe(first.pid);

  const steps = await server.send("/Worker/a/steps", 20);
  await until(
    () => server.admin(`/invocations/${steps}/journal`),
    (journal) => JSON.stringify(journal).includes("step 3"),
  );
  await kill(first);
  const second = await startHandlers(port);
  // The second process executed the rest, and at most one step again.
  const executed = (await server.attach(steps)).json;
  expect(executed).toBeGreaterThan(0);
  expect(executed).toBeLessThan(20);
  expect(await server.call("/Who/pid")).toBe(second.pid);

  // The engine dies while the handlers live. It continues, and registrations are kept.
  const waiting = await server.send("/Worker/b/wait");
  await until(
    () => server.call("/Worker/b/id"),
    (id) => id !== null,
  );
  const unfinished = await server.send("/Worker/c/steps", 10);
  await server.restart();
  expect(await server.call("/Who/pid")).toBe(second.pid);
  const id = String(await server.call("/Worker/b/id"));
  expect((await server.request(`/restate/awakeables/${id}/resolve`, { body: "awake" })).status).toBe(202);
  expect((await server.attach(waiting)).json).toBe("awake");
  expect((await server.attach(unfinished)).status).toBe(200);

  // A handler that ends its process fails by its policy.
  const failed = await server.request("/Who/fails");
  expect(failed).toMatchObject({
    status: 503,
    json: { message: expect.stringContaining("cannot be reached") as string },
  });
});

test("a value of megabytes goes through in both directions", async () => {
  const port = await freePort();
  await startHandlers(port);
  await register(port, { force: true });
  expect(await server.call("/Worker/big/big", 3_000_000)).toBe(3_000_000);
});

test("an invocation stays on the deployment that it began on, while new ones go to the newest", async () => {
  const [oldPort, newPort] = [await freePort(), await freePort()];
  await startHandlers(oldPort, { HANDLERS_VERSION: "old" });
  await register(oldPort);
  expect(await server.call("/Who/version")).toBe("old");
  const pinned = await server.send("/Worker/pinned/wait");
  await until(
    () => server.call("/Worker/pinned/id"),
    (id) => id !== null,
  );
  await startHandlers(newPort, { HANDLERS_VERSION: "new" });
  await register(newPort);
  expect(await server.call("/Who/version")).toBe("new");
  const described = (await server.admin(`/invocations/${pinned}`)) as { pinned_deployment_id: string };
  const { deployments } = (await server.admin("/deployments")) as {
    deployments: { id: string; uri: string }[];
  };
  const { uri } = deployments.find((each) => each.id === described.pinned_deployment_id) ?? {};
  expect(uri).toBe(`http://localhost:${oldPort}/`);
});

test("a page of another site registers nothing; it may call handlers if its browser asks before", async () => {
  const page = { origin: "https://evil.example", "content-type": "text/plain" };
  const body = { uri: "http://localhost:1", dry_run: true };
  const refused = await server.request(`${server.adminUrl}/deployments`, { body, headers: page });
  expect([refused.status, refused.text]).toEqual([403, expect.stringContaining("pages of other sites")]);
  const call = await server.request("/Nobody/there", { headers: page });
  expect([call.status, call.headers.get("access-control-allow-origin")]).toEqual([403, page.origin]);
  const headers = { ...page, "content-type": "application/json" };
  const asked = await server.request("/Nobody/there", { headers });
  expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([404, page.origin]);
});

test("nobody there: META0003", async () => {
  const refused = await register(await freePort());
  expect(refused).toMatchObject({ status: 500, json: { restate_code: "META0003" } });
});

// Another process may take the port between the search for a free one and listening on it.
test("perdure dev runs such a file without letting it listen", { retry: 2 }, async () => {
  const port = await freePort();
  const other = await Server.start({ file: "served.ts", env: { PORT: String(port) } });
  try {
    expect(await other.call("/Worker/a/steps", 2)).toBe(2);
    // Its port is free now, so another process may serve there.
    const beside = await startHandlers(port);
    expect(await other.call("/Who/pid")).not.toBe(beside.pid);
  } finally {
    await other.stop();
  }
});
