// The frame of all commands: tables, JSON, fields of answers, refusals, exit codes.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { stripVTControlCharacters } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { AdminClient, path, Refusal } from "../../../cli/admin-client.ts";
import { HttpDoor, Unreachable } from "../../../cli/door.ts";
import { EXIT } from "../../../cli/exit.ts";
import { AnswerFields } from "../../../cli/fields.ts";
import { Output } from "../../../cli/output.ts";
import { type Column, fitted } from "../../../cli/table.ts";
import { type FakeStreams, fakeStreams } from "./streams.ts";

interface Row {
  readonly id: string;
  readonly error?: string;
}
const COLUMNS: readonly Column<Row>[] = [
  { name: "ID", of: ({ id }) => id },
  { name: "ERROR", of: ({ error }) => error, least: 8 },
  { name: "LENGTH", of: ({ id }) => id.length, wide: true },
];
const plain = (text: string): string => text;
const table = (rows: readonly Row[], width?: number): string[] =>
  fitted(rows, COLUMNS, { width, header: plain }).split("\n");

describe("tables", () => {
  test("fit the terminal: only what may be cut is cut, and it says so", () => {
    expect(table([{ id: "inv_1abc", error: "the card was declined by the bank" }], 30)).toEqual([
      "ID        ERROR",
      "inv_1abc  the card was declin…",
    ]);
  });

  test("are as wide as they are where nothing limits them, with all columns", () => {
    expect(table([{ id: "a", error: "the card was declined by the bank" }, { id: "bcd" }])).toEqual([
      "ID   ERROR                              LENGTH",
      "a    the card was declined by the bank  1",
      "bcd  -                                  3",
    ]);
  });

  test("of a terminal without a width, or with one of a few characters, still show each row", () => {
    for (const width of [0, 3])
      expect(table([{ id: "inv_1abc", error: "declined" }], width).at(-1)).toBe("inv_1abc  declined");
  });

  test("show what a terminal would obey", () => {
    expect(table([{ id: "a\u001B[2Jb\nc" }])[1]).toBe(String.raw`a\u001b[2Jb\nc  -      8`);
  });
});

describe("output", () => {
  const list = async (streams: FakeStreams, format: "text" | "json" | "jsonl", rows: readonly Row[]) =>
    new Output({ format, quiet: false, verbose: false, wide: false }, streams).list({
      ...{ rows, columns: COLUMNS, empty: "no rows" },
      json: (row) => row,
    });

  test("a list is a table, one JSON array, or a line of JSON for each row", async () => {
    const rows = [{ id: "a" }, { id: "b", error: "no" }];
    for (const format of ["json", "jsonl", "text"] as const) {
      const streams = fakeStreams();
      await list(streams, format, rows);
      const { stdout, stderr } = streams.text();
      expect(stderr).toBe("");
      if (format === "json") expect(JSON.parse(stdout)).toEqual(rows);
      else if (format === "jsonl") expect(stdout).toBe('{"id":"a"}\n{"id":"b","error":"no"}\n');
      else expect(stdout).toBe("ID  ERROR  LENGTH\na   -      1\nb   no     1\n");
    }
  });

  test("a terminal that does not know its width gets all columns, and nothing cut", () => {
    const out = new Output(
      { format: "text", quiet: false, verbose: false, wide: false },
      fakeStreams({ columns: 0 }),
    );
    const plainLines = out
      .table([{ id: "a", error: "the card was declined" }], COLUMNS)
      .map(stripVTControlCharacters);
    expect(plainLines).toEqual(["ID  ERROR                  LENGTH", "a   the card was declined  1"]);
  });

  test("an empty list is empty data, and a note for people", async () => {
    const [text, json, lines] = [fakeStreams(), fakeStreams(), fakeStreams()];
    await list(text, "text", []);
    await list(json, "json", []);
    await list(lines, "jsonl", []);
    expect(text.text()).toEqual({ stdout: "", stderr: "no rows\n" });
    expect(json.text()).toEqual({ stdout: "[]\n", stderr: "" });
    expect(lines.text()).toEqual({ stdout: "", stderr: "" });
  });
});

describe("what a server answers", () => {
  test("is read once, and what is missing is named", () => {
    const fields = new AnswerFields({ id: "a", list: [{ n: 1 }], none: null }, "answer");
    expect(fields.text("id")).toBe("a");
    expect(fields.optionalText("none")).toBeUndefined();
    expect(fields.objects("list").map((each) => each.number("n"))).toEqual([1]);
    expect(() => fields.text("gone")).toThrow("answer.gone is not a text");
    expect(() => new AnswerFields([], "answer")).toThrow("answer is not an object");
  });
});

describe("the admin API", () => {
  const closing: (() => void)[] = [];
  afterEach(() => closing.splice(0).forEach((close) => close()));

  async function answering(status: number, body: string): Promise<AdminClient> {
    const server = createServer((_, response) => void response.writeHead(status).end(body));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    closing.push(() => server.close());
    return new AdminClient(new HttpDoor(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
  }

  test("a refusal says what the server says, with its code", async () => {
    const client = await answering(500, '{"message": "nothing answers there", "restate_code": "META0003"}');
    const refusal = await client.json("POST", "/deployments", { body: {} }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Refusal);
    expect(refusal).toMatchObject({ message: "META0003: nothing answers there", exitCode: EXIT.failed });
  });

  test("what is no JSON is not taken for an answer", async () => {
    const client = await answering(200, "<html>");
    await expect(client.json("GET", "/version")).rejects.toThrow("is no JSON: <html>");
  });

  test("an address where nothing answers has an exit code of its own", async () => {
    const client = new AdminClient(new HttpDoor("http://127.0.0.1:1"));
    const error = await client.json("GET", "/version").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Unreachable);
    expect(error).toMatchObject({ exitCode: EXIT.unreachable });
    expect(String(error)).toContain("http://127.0.0.1:1");
  });

  test("an answer that does not come in time, and one that breaks off, are none", async () => {
    const server = createServer((request, response) => {
      if (request.url !== "/breaks-off") return;
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => void response.socket?.destroy());
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    closing.push(
      () => server.closeAllConnections(),
      () => void server.close(),
    );
    const door = new HttpDoor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await expect(door.send({ method: "GET", path: "/hangs", timeoutMs: 20 })).rejects.toThrow(
      "no answer in time",
    );
    await expect(door.send({ method: "GET", path: "/breaks-off" })).rejects.toThrow(Unreachable);
  });

  test("a page that is too large for one answer is asked for again, half as long", async () => {
    const asked: string[] = [];
    const door = {
      address: "here",
      send: async ({ path: full }: { readonly path: string }) => {
        asked.push(full);
        const status = full.endsWith("limit=250") ? 200 : 413;
        return { status, headers: {}, body: new TextEncoder().encode("{}") };
      },
    };
    expect(await new AdminClient(door).json("GET", "/invocations", { query: { limit: 1000 } })).toEqual({});
    expect(asked).toEqual(["1000", "500", "250"].map((limit) => `/invocations?limit=${limit}`));
    const whole = new AdminClient(door).json("GET", "/invocations/inv_1/journal");
    await expect(whole).rejects.toMatchObject({ status: 413 });
  });

  test("parts of a path are encoded", () => {
    expect(path`/services/${"a/b"}/state/${"k ü"}`).toBe("/services/a%2Fb/state/k%20%C3%BC");
  });
});
