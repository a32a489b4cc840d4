// The JSON of the commands for invocations has the fields that docs/cli.md names, and no others.
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cli } from "../../../cli/cli.ts";
import { describe as describeCommand } from "../../../cli/invocations/describe.ts";
import { exportInvocation, redactedJson } from "../../../cli/invocations/export.ts";
import { printInvocations } from "../../../cli/invocations/list.ts";
import { operate } from "../../../cli/invocations/operate.ts";
import { CANCEL } from "../../../cli/invocations/operations.ts";
import { Output } from "../../../cli/output.ts";
import { lockKey } from "../../../lib/model/lock.ts";
import { shownId } from "../../../lib/model/shown-id.ts";
import { failure, success } from "../../../lib/model/outcome.ts";
import { AdminWorld } from "../admin/admin-world.ts";
import { requestOf } from "../ingress/world.ts";
import { fakeStreams } from "./streams.ts";

const docs = readFileSync(join(import.meta.dirname, "../../../docs/cli.md"), "utf8");

/** The fields of the table that follows these words. A question mark: it may be absent. */
function documented(words: string): { readonly all: string[]; readonly always: string[] } {
  const table = docs.slice(docs.indexOf(words)).split("\n\n")[1] ?? "";
  const fields = table
    .split("\n")
    .flatMap((line) => [...(line.split("|")[1] ?? "").matchAll(/`([^`]+)`/gu)].map(([, name = ""]) => name));
  return {
    all: fields.map((name) => name.replace("?", "")),
    always: fields.filter((name) => !name.endsWith("?")),
  };
}

const ROW = documented("`ls`, each row");

function expectFields(
  value: unknown,
  { all, always }: { readonly all: string[]; readonly always: string[] },
): void {
  const names = Object.keys(value as object);
  expect(names.filter((name) => !all.includes(name))).toEqual([]);
  expect(always.filter((name) => !names.includes(name))).toEqual([]);
}

const world = new AdminWorld();
let server: Server;
let url: string;
let waiting = "";
let called = "";
beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => void parts.push(part));
    request.on("end", () => {
      const line = `${request.method ?? ""} ${request.url ?? ""}`;
      void world.admin.handle(requestOf(line, Buffer.concat(parts).toString())).then((answer) => {
        response.writeHead(answer.status).end(answer.body);
      });
    });
  });
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const first = await world.invocation({ s: "suspended", w: ["z", 0, 1], m: [] }, "POST /O/a/add/send");
  waiting = shownId(first.id);
  await world.items.write({
    op: "put",
    key: lockKey("O", "a"),
    attributes: { o: first.id, i: 0, k: "t", u: 1, g: "n", q: [], h: 0, t: 0 },
  });
  called = shownId((await world.invocation({ s: "paused", o: `${first.id}.0.3`, q: "key" })).id);
  const attempt = {
    count: 2,
    failure: { code: 500, message: "no", stack: "at x", command: { index: 1, type: "run", name: "y" } },
  };
  await world.invocation({ s: "backing-off", y: 1, f: attempt });
  await world.invocation({ s: "scheduled", y: 1 });
  await world.complete(await world.invocation({}), success());
  await world.complete(await world.invocation({}), failure(404, "none"));
  await world.ask("GET /health");
});
afterAll(() => void server.close());

async function printed(run: (cli: Cli) => Promise<void>): Promise<unknown> {
  const streams = fakeStreams();
  const out = new Output({ format: "json", quiet: true, verbose: false, wide: false }, streams);
  await run(new Cli({ url, json: true, yes: true }, out));
  return JSON.parse(streams.text().stdout) as unknown;
}

describe("documented fields are those that are printed", () => {
  test("by a list", async () => {
    const rows = (await printed((cli) => printInvocations(cli, { allStatuses: true }))) as object[];
    expect(rows).toHaveLength(6);
    for (const row of rows) expectFields(row, ROW);
  });

  test("by the description of one, and its export", async () => {
    const more = documented("`show` and `watch --json`");
    const both = { all: [...ROW.all, ...more.all], always: [...ROW.always, ...more.always] };
    for (const id of [waiting, called]) {
      const shown = await printed((cli) => describeCommand(cli, id, {}));
      expectFields(shown, both);
      const exported = await printed((cli) => exportInvocation(cli, id, {}));
      expectFields(exported, documented("`export`:"));
      expect(exported).toMatchObject({ invocation: { id } });
    }
    expect(await printed((cli) => describeCommand(cli, waiting, {}))).toMatchObject({
      lock: { owner: { invocation_id: waiting } },
    });
    expect(await printed((cli) => describeCommand(cli, called, {}))).toMatchObject({
      caller: { id: waiting },
    });
  });

  test("by a verb", async () => {
    const fields = documented("A verb, for each");
    const rows = (await printed((cli) => operate(cli, CANCEL, ["O/a"], {}))) as object[];
    expect(rows).toMatchObject([{ id: waiting, target: "O/a/add", result: "done" }]);
    for (const row of rows) expectFields(row, fields);
  });
});

test("an export has no secrets, and without values none of users' data", () => {
  const journal = {
    headers: { authorization: "x" },
    input: { value: '{"password":"x","name":"ada"}' },
    entries: [{ value: "plain" }],
  };
  expect(redactedJson(journal, true)).toEqual({
    headers: { authorization: "[redacted]" },
    input: { value: '{"password":"[redacted]","name":"ada"}' },
    entries: [{ value: "plain" }],
  });
  expect(redactedJson(journal, false)).toMatchObject({
    input: { value: "[29 characters]" },
    entries: [{ value: "[5 characters]" }],
  });
});
