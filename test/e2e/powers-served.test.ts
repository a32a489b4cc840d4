// What a development server can do to an invocation whose handlers another process serves.
import { afterAll, beforeAll, expect, test } from "vitest";
import { LocalServer } from "../support/cli-run.ts";
import trips from "./fixtures/powers.ts";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-served-"));
let server: LocalServer;
beforeAll(async () => {
  server = await LocalServer.start();
  await server.run("deployments", "register", await server.serve({ services: trips }));
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function post(url: string, body: unknown): Promise<{ status: number; json: Record<string, unknown> }> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}
const use = async (power: string, body: object) => await post(`${server.adminUrl}/dev/${power}`, body);
const result = async (id: string): Promise<unknown> =>
  await (await fetch(`${server.url}/restate/invocation/${id}/attach`)).json();

test("its process is not killed; its next step fails all the same", async () => {
  const [effects, gate] = [join(folder, "effects"), join(folder, "gate")];
  writeFileSync(effects, "");
  const { json } = await post(`${server.url}/Trip/book/send`, { effects, gate });
  const id = String(json["invocationId"]);
  await until(
    () => readFileSync(effects, "utf8"),
    (text) => text.includes("hotel"),
  );
  expect(await use("crash", { invocation_id: id })).toMatchObject({
    status: 409,
    json: {
      message: expect.stringMatching(
        /^Its handlers run in a process at http:.*Kill that process yourself\.$/u,
      ) as string,
    },
  });
  const failure = { invocation_id: id, message: "no", terminal: true };
  expect(await use("fail-next-step", failure)).toMatchObject({ status: 200, json: { armed: true } });
  writeFileSync(gate, "");
  expect(await result(id)).toMatchObject({ message: "no" });
  expect(readFileSync(effects, "utf8")).toBe("flight\nhotel\ncancel flight\n");
});

test("the clock jumps there, too: for a time limit that runs, and for what begins later", async () => {
  const race = await post(`${server.url}/Reminder/limit/race/send`, join(folder, "never"));
  const sleep = await post(`${server.url}/Reminder/ada/later/send`, 30);
  const [racing, sleeping] = [race, sleep].map(({ json }) => String(json["invocationId"]));
  await until(
    async () => (await use("clock", { invocation_id: sleeping })).status,
    (status) => status === 200,
  );
  const [before = 0, after = 0] = (await result(sleeping ?? "")) as number[];
  expect(after - before).toBeGreaterThanOrEqual(30 * 24 * 3600 * 1000);
  expect(await result(racing ?? "")).toMatchObject({ code: 408 });
});
