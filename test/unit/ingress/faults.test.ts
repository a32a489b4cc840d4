/** The metric that the alarm IngressFails watches counts what is the ingress's fault, and neither a handler's nor the caller's. */
import { expect, test } from "vitest";
import { OperationalError } from "../../../lib/errors.ts";
import { failure } from "../../../lib/model/outcome.ts";
import { Ingress } from "../../../runtime/ingress/ingress.ts";
import { requestOf, World } from "./world.ts";

async function asked(line: string, prepare: (world: World) => Promise<void> | void = () => undefined) {
  const world = new World();
  await prepare(world);
  const measured: string[] = [];
  const meter = { measure: (name: string) => void measured.push(name) };
  const { status } = await new Ingress({ ...world.ports, meter }, { callWaitMs: 0 }).handle(requestOf(line));
  return [status, measured];
}

test.each<[string, string, (world: World) => Promise<void> | void, number, number]>([
  ["a handler's terminal error", "GET /restate/workflow/W/k/output", endsInError, 500, 0],
  ["a result that takes long", "POST /T/hello", () => undefined, 504, 0],
  ["what does not exist", "POST /T/nope", () => undefined, 404, 0],
  ["a queue that refuses", "POST /T/hello/send", (world) => void (world.mailboxFails = true), 503, 1],
  ["a table that refuses", "GET /restate/workflow/W/k/output", (world) => world.items.fail("read"), 503, 1],
])("%s", async (_, line, prepare, status, faults) => {
  expect(await asked(line, prepare)).toEqual([status, Array.from({ length: faults }, () => "ingressFaults")]);
});

test("callers do not read what AWS says of its tables and accounts", async () => {
  const world = new World();
  const said = new Error(
    "Throughput exceeds the capacity of arn:aws:dynamodb:eu-west-1:123456789012:table/journal",
  );
  world.items.get = () =>
    Promise.reject(new OperationalError("throttled", `a read was throttled: ${said.message}`, said));
  const { status, body } = await new Ingress(world.ports).handle(
    requestOf("GET /restate/workflow/W/k/output"),
  );
  expect(status).toBe(503);
  expect(JSON.parse(Buffer.from(body).toString())).toMatchObject({
    message: "the request could not be completed: a read was throttled",
  });
});

async function endsInError(world: World): Promise<void> {
  await world.request("POST /W/k/run/send");
  await world.complete(world.takeStart(), failure(500, "no money"));
}
