/** On which tables a handler's function runs a turn: those of its request, else those of its variables (0026). */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { service } from "perdure";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { childUnique, invocationId } from "../../lib/model/ids.ts";
import { type Resources, resourcesId } from "../../lib/model/resources.ts";
import { encodeTurnRequest, type TurnRequest } from "../../lib/protocol.ts";
import { createLambdaHandler } from "../../sdk/lambda.ts";

const desk = service({ name: "Desk", handlers: { ask: async () => "answer" } });
const variables: Resources = {
  ...{ journalTable: "journal", stateTable: "state", registryTable: "registry" },
  ...{ mailboxUrl: "http://localhost/mailbox.fifo", delayQueueUrl: "http://localhost/delay" },
};
const moved: Resources = { ...variables, journalTable: "restored" };

/** The tables that were written to. */
let written: string[] = [];
const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const { TableName } = JSON.parse(Buffer.concat(parts).toString()) as { readonly TableName: string };
    written.push(TableName);
    response.writeHead(200, { "content-type": "application/x-amz-json-1.0" }).end("{}");
  });
});
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => void server.once("listening", resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  written = [];
  const { port } = server.address() as AddressInfo;
  const environment = {
    ...{ PERDURE_JOURNAL_TABLE: "journal", PERDURE_STATE_TABLE: "state", PERDURE_REGISTRY_TABLE: "registry" },
    ...{ PERDURE_MAILBOX_URL: variables.mailboxUrl, PERDURE_DELAY_QUEUE_URL: variables.delayQueueUrl },
    ...{ AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
});

let calls = 0;
function requestOf(more: Partial<TurnRequest>): unknown {
  const id = invocationId("Desk", undefined, childUnique("inv_caller", 0, ++calls));
  const target = { service: "Desk", handler: "ask" };
  const request: TurnRequest = {
    ...{ kind: "turn", version: 1, id, incarnation: 0, target, handlerKind: "plain", deployment: "dp_1" },
    start: {
      ...{ kind: "start", id, incarnation: 0, origin: `o${calls}`, target, headers: {}, acceptedAtMs: 5 },
      input: new Uint8Array(0),
    },
    ...{ carried: [], ownsLock: false, attempt: { count: 1 }, remainingMs: 9000, retentionMs: 1000 },
    ...more,
  };
  return JSON.parse(encodeTurnRequest(request)) as unknown;
}
const context = { getRemainingTimeInMillis: () => 10_000 };

test("those of the request, else those of the variables; and it says where it has run", async () => {
  const handler = createLambdaHandler({ services: [desk] });
  const asked = async (more: Partial<TurnRequest>) => {
    const answer = (await handler(requestOf(more), context)) as Record<string, unknown>;
    return [answer["kind"], answer["resourcesId"], ...written.splice(0)];
  };
  const [here, there] = [resourcesId(variables), resourcesId(moved)];
  // By an earlier version of the runtime.
  expect(await asked({})).toEqual(["completed", undefined, "journal"]);
  expect(await asked({ resourcesId: here })).toEqual(["completed", here, "journal"]);
  expect(await asked({ resourcesId: there })).toEqual(["lost", here]);
  expect(await asked({ resourcesId: there, resources: moved })).toEqual(["completed", there, "restored"]);
  expect(await asked({ resourcesId: here })).toEqual(["completed", here, "journal"]);
});
