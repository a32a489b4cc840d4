import { describe, expect, test } from "vitest";
import { corsIn, corsOf } from "../../../lib/cors.ts";
import { awakeableId } from "../../../lib/model/ids.ts";
import {
  HEADERS_BYTES_MAX,
  IDEMPOTENCY_KEY_BYTES_MAX,
  KEY_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
} from "../../../lib/limits.ts";
import { Ingress } from "../../../runtime/ingress/ingress.ts";
import { signalled } from "../../support/entries.ts";
import { bytes, requestOf, settle, World } from "./world.ts";

const BAD_PATH = "bad path, expected either /:service-name/:handler or /:object-name/:object-key/:handler";

describe.each([
  ["POST /Nope/hello", 404, "service 'Nope' not found, make sure to register the service before calling it."],
  ["POST /restate/call/Nope/hello", 404, "service 'Nope' not found"],
  ["POST /T/nope", 404, "the service 'T' exists, but the handler 'nope' was not found"],
  ["POST /T/hello/foo", 400, BAD_PATH],
  ["POST /T/k/hello/send", 400, BAD_PATH],
  ["POST /O/add", 400, BAD_PATH],
  ["POST /O/send", 400, BAD_PATH],
  ["POST /restate/call/O/add", 400, BAD_PATH],
  ["POST /restate/call/T/hello/send", 400, BAD_PATH],
  ["POST /restate/send/T", 400, "bad path, expected /restate/call/:service"],
  ["POST /restate/call", 400, "bad path, expected /restate/call/:service"],
  ["POST /restate/a/x", 400, "bad path, expected either /restate/awakeables/:id/resolve"],
  ["GET /restate/invocation/x", 400, "bad path, expected /restate/invocation/"],
  ["GET /restate/workflow/W/k", 404, "not found"],
  ["GET /restate/workflow/W", 400, "bad path, expected /restate/workflow/"],
  ["POST /T/hello?limit-key=l", 400, "limit keys are not supported"],
  ["POST /T", 400, "bad path: /T"],
  ["GET /", 400, "bad path: /"],
  ["GET /health", 400, "bad path: /health"],
  ["GET /restate", 400, "bad path: /restate"],
  ["GET /restate/foo", 404, "not found"],
  ["POST /restate/scope/s/call/T/hello", 400, "scopes are not supported"],
  ["POST /O/%FF/get", 400, "bad path, cannot decode"],
  [`POST /O/${"k".repeat(KEY_BYTES_MAX + 1)}/get`, 400, "the key is 1025 bytes long; at most 1024"],
  [`POST /O/${"%C3%BC".repeat(KEY_BYTES_MAX / 2 + 1)}/get`, 400, "the key is 1026 bytes long"],
  ["POST /T/hidden", 400, "the invoked service is not public"],
  ["POST /T/hidden/send", 400, "the invoked service is not public"],
  ["POST /P/hello", 400, "the invoked service is not public"],
  ["PUT /T/hello", 405, "method not allowed"],
  // It must not be taken for a GET, which runs the handler.
  ["HEAD /T/hello", 405, "method not allowed"],
  ["DELETE /restate/call/T/hello", 405, "method not allowed"],
  [
    "POST /T/hello?delay=10s",
    400,
    "cannot use the delay query parameter with calls. The delay is supported only with sends",
  ],
  ["POST /T/hello/send?delay=", 400, "bad delay query parameter, must be a ISO8601 duration"],
  ["POST /T/hello/send?delay=soon", 400, "bad delay query parameter"],
  ["POST /T/hello/send?delay=-1s", 400, "bad delay query parameter"],
  ["POST /T/hello/send?delay=10", 400, "bad delay query parameter"],
  ["POST /T/hello/send?delay=99999999d", 400, "bad delay query parameter"],
  [`POST /T/hello/send?delay=PT${"9".repeat(400)}S`, 400, "bad delay query parameter"],
  ["POST /restate/health", 405, "method not allowed"],
  ["GET /restate/lookup", 405, "method not allowed"],
  ["GET /restate/awakeables/x/resolve", 405, "method not allowed"],
  ["POST /restate/workflow/W/k/output", 405, "method not allowed"],
  ["POST /restate/awakeables/bogus/resolve", 400, "bad awakeable id 'bogus'"],
  ["POST /restate/a/sign_1bogus/reject", 400, "bad awakeable id 'sign_1bogus'"],
  ["POST /restate/a/bogus/else", 404, "not found"],
])("%s", (line, status, message) => {
  test(`is refused: ${status}`, async () => {
    const world = new World();
    const answer = await world.request(line);
    expect(answer).toMatchObject({
      status,
      headers: { "content-type": "application/json", "x-restate-error-source": "ingress" },
      body: { code: status, message: expect.stringContaining(message), source: "ingress" },
    });
    expect(world.takeSent()).toEqual([]);
    expect(world.logs).toEqual([]);
  });
});

describe("what is too long, or of the wrong type", () => {
  test.each([
    [
      "POST /T/hello/send",
      {},
      new Uint8Array(PAYLOAD_BYTES_MAX + 1),
      413,
      "the payload is 4194305 bytes long; at most 4194304",
    ],
    [
      "POST /T/hello/send",
      { a: "x".repeat(HEADERS_BYTES_MAX) },
      "",
      431,
      "the request's headers are 16385 bytes long",
    ],
    ["POST /T/hello/send", { "idempotency-key": "" }, "", 400, "the idempotency key is empty"],
    [
      "POST /T/hello/send",
      { "idempotency-key": "x".repeat(IDEMPOTENCY_KEY_BYTES_MAX + 1) },
      "",
      400,
      "the idempotency key is 513 bytes long; at most 512",
    ],
    [
      "POST /T/json/send",
      { "content-type": "text/plain" },
      "",
      400,
      "input validation error: Content-type 'text/plain' does not match 'application/json'",
    ],
    [
      "POST /T/image/send",
      { "content-type": "application/json" },
      "",
      400,
      "does not match 'image/*, text/plain'",
    ],
  ] as const)("%s %#", async (line, headers, body, status, message) => {
    const world = new World();
    const answer = await world.request(line, body, headers);
    expect(answer).toMatchObject({
      status,
      body: { code: status, message: expect.stringContaining(message) },
    });
    expect(world.takeSent()).toEqual([]);
  });

  test.each([
    ["POST /T/hello/send", { "content-type": "whatever" }],
    ["POST /T/json/send", {}],
    ["POST /T/json/send", { "content-type": "Application/JSON; charset=utf-8" }],
    ["POST /T/image/send", { "content-type": "image/png" }],
    ["POST /T/image/send", { "content-type": "text/plain" }],
    ["POST /T/hello/send", { "idempotency-key": "x".repeat(IDEMPOTENCY_KEY_BYTES_MAX) }],
  ])("but not this: %s %#", async (line, headers) => {
    expect(
      await new World().request(line, new Uint8Array(PAYLOAD_BYTES_MAX).fill(97), headers),
    ).toMatchObject({
      status: 202,
    });
  });
});

test("a long Connection header is read in one pass", async () => {
  const connection = `x-a${" ".repeat(60_000)}, x-b , X-C`;
  const world = new World();
  const began = performance.now();
  await world.request("POST /T/hello/send", "", {
    connection,
    "x-a": "1",
    "x-b": "2",
    "x-c": "3",
    "x-d": "4",
  });
  expect(performance.now() - began).toBeLessThan(1000);
  expect(world.takeStart().headers).toEqual({ "x-d": "4" });
});

describe("when something fails", () => {
  test("a mailbox that is away is 503", async () => {
    const world = new World();
    world.mailboxFails = true;
    expect(await world.request("POST /T/hello/send")).toMatchObject({
      status: 503,
      headers: { "x-restate-error-source": "ingress" },
      body: {
        code: 503,
        message: "the request could not be completed: the mailbox is away",
        source: "ingress",
      },
    });
    expect(world.logs).toEqual([{ level: "warn", message: "ingress: a port failed" }]);
  });

  test("a head that nobody can read is 500, and says nothing", async () => {
    const world = new World();
    const call = world.request("POST /T/hello", "", { "idempotency-key": "once" });
    await settle();
    await world.putHead(world.takeStart(), { v: 99 });
    expect(await call).toMatchObject({ status: 500, body: { message: "internal error" } });
    expect(world.logs).toEqual([{ level: "error", message: "ingress: unexpected failure" }]);
  });
});

describe("an awakeable", () => {
  const awakeable = async (world: World) => {
    await world.request("POST /O/k/add/send");
    const { id } = world.takeStart();
    return { id, text: awakeableId({ id, incarnation: 7, index: 3 }) };
  };

  test.each(["/restate/awakeables", "/restate/a"])("is resolved under %s", async (path) => {
    const world = new World();
    const { id, text } = await awakeable(world);
    const answer = await world.request(`POST ${path}/${text}/resolve`, '"done"', { "content-type": "x/y" });
    expect(answer).toEqual({ status: 202, headers: {}, body: "" });
    const [sent, ...more] = world.takeSent();
    expect(more).toEqual([]);
    expect(sent).toMatchObject({
      message: {
        kind: "notify",
        id,
        incarnation: 7,
        note: signalled(3, expect.any(String), bytes('"done"')),
      },
    });
    expect(sent?.group).not.toBe(id);
  });

  test("is rejected with a reason", async () => {
    const world = new World();
    const { id, text } = await awakeable(world);
    expect(await world.request(`POST /restate/a/${text}/reject`, "no way")).toMatchObject({ status: 202 });
    expect(world.takeSent()).toMatchObject([
      {
        message: {
          kind: "notify",
          id,
          incarnation: 7,
          note: signalled(3, expect.any(String), [500, "no way"]),
        },
      },
    ]);
  });

  test("has an id of its own for each delivery", async () => {
    const world = new World();
    const { text } = await awakeable(world);
    await world.request(`POST /restate/a/${text}/resolve`);
    await world.request(`POST /restate/a/${text}/resolve`);
    const sent = world.takeSent();
    expect(new Set(sent.map(({ dedup }) => dedup)).size).toBe(2);
  });

  test("takes no payload beyond the limit", async () => {
    const world = new World();
    const { text } = await awakeable(world);
    const answer = await world.request(
      `POST /restate/a/${text}/resolve`,
      new Uint8Array(PAYLOAD_BYTES_MAX + 1),
    );
    expect(answer).toMatchObject({ status: 413 });
  });
});

test("health names the services that may be called from outside", async () => {
  const world = new World();
  expect(await world.request("GET /restate/health")).toEqual({
    status: 200,
    headers: { "content-type": "application/json" },
    body: { services: ["O", "T", "W"] },
  });
});

test("the router answers what it allows", async () => {
  const world = new World();
  const call = world.request("PATCH /T/hello");
  expect((await call).headers).toMatchObject({ allow: "GET, POST" });
  expect((await world.request("GET /restate/attach")).headers).toMatchObject({ allow: "POST" });
});

describe("browsers on other origins", () => {
  const ORIGIN = { origin: "https://shop.example" };

  test.each(["OPTIONS /T/hello", "OPTIONS /restate/health", "OPTIONS /nowhere/at/all", "OPTIONS /%FF"])(
    "may ask before: %s",
    async (line) => {
      const world = new World();
      const answer = await world.ingress.handle(
        requestOf(line, "", {
          ...ORIGIN,
          "access-control-request-method": "POST",
          "access-control-request-headers": "content-type,idempotency-key",
        }),
      );
      expect(answer).toMatchObject({
        status: 200,
        headers: {
          "access-control-allow-origin": "https://shop.example",
          "access-control-allow-methods": "POST",
          "access-control-allow-headers": "content-type,idempotency-key",
          "access-control-max-age": "7200",
        },
        body: new Uint8Array(),
      });
      // A page that is not named never acts with its visitor's cookies.
      expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
    },
  );

  test.each(["POST /T/hello/send", "POST /Nope/x", "PUT /T/hello"])(
    "are allowed, and see the invocation's id: %s",
    async (line) => {
      const { headers } = await new World().request(line, "", ORIGIN);
      expect(headers).toMatchObject({
        "access-control-allow-origin": "https://shop.example",
        "access-control-expose-headers": expect.stringContaining("x-restate-id"),
      });
      expect(headers).not.toHaveProperty("access-control-allow-credentials");
    },
  );

  test("are those that were named, if some were; with cookies if told so", async () => {
    const cors = corsOf(["https://shop.example", "http://localhost:5173"], true);
    const ingress = new Ingress(new World().ports, { cors });
    const seen = async (line: string, origin: string) =>
      (await ingress.handle(requestOf(line, "", { origin }))).headers;
    for (const line of ["OPTIONS /T/hello", "GET /nowhere/at/all"]) {
      expect(await seen(line, "https://shop.example")).toMatchObject({
        "access-control-allow-origin": "https://shop.example",
        "access-control-allow-credentials": "true",
      });
      for (const origin of ["https://shop.example.evil.example", "https://SHOP.example", "null"]) {
        const headers = await seen(line, origin);
        expect(Object.keys(headers).filter((name) => /allow-(origin|credentials)/.test(name))).toEqual([]);
        expect(headers["vary"]).toContain("origin");
      }
    }
  });

  test("come from the environment, as the stack sets it", () => {
    const of = (origins?: string, credentials?: string) =>
      corsIn({ PERDURE_CORS_ORIGINS: origins, PERDURE_CORS_CREDENTIALS: credentials });
    expect(of()).toEqual({ origins: "*", credentials: false });
    expect(of("")).toEqual({ origins: [], credentials: false });
    expect(of("https://a.example, https://b.example:8443", "true")).toEqual({
      origins: ["https://a.example", "https://b.example:8443"],
      credentials: true,
    });
  });

  test.each([
    [["*"], true, "credentials need origins that are named"],
    [["*", "https://a.example"], false, '"*" alone'],
    [["https://a.example/"], false, "is not an origin"],
    [["https://*.a.example"], false, "is not an origin"],
    [["a.example"], false, "is not an origin"],
    [["null"], false, "is not an origin"],
  ])("%j with credentials: %s is refused", (origins, credentials, message) => {
    expect(() => corsOf(origins, credentials)).toThrow(message);
  });
});

describe("paths", () => {
  test.each([
    ["POST /T/hello/send/", 202],
    ["POST //T/hello/send", 202],
    ["POST ///restate/send/T/hello/", 202],
    ["GET /restate/health/", 200],
    ["POST /T/hello/send//", 400],
  ])("with slashes too many: %s is %i", async (line, status) => {
    expect(await new World().request(line)).toMatchObject({ status });
  });

  test.each([
    ["a%2Fb", "a/b"],
    ["a+b", "a+b"],
    ["%E6%BC%A2%F0%9F%98%80", "漢😀"],
    ["100%", "100%"],
    ["%zz%41", "%zzA"],
    ["", ""],
    ["..", ".."],
    ["%00", "\0"],
    ["a%252Fb", "a%2Fb"],
    ["%2e%2E", ".."],
    ["a\\b", "a\\b"],
    ["a%5Cb%23c", "a\\b#c"],
  ])("name the key as it is encoded: %s", async (encoded, key) => {
    const world = new World();
    expect(await world.request(`POST /O/${encoded}/add/send`)).toMatchObject({ status: 202 });
    expect(world.takeStart().target).toEqual({ service: "O", key, handler: "add" });
  });
});

describe("a named signal", () => {
  async function invocation(world: World): Promise<string> {
    await world.request("POST /T/hello/send");
    return world.takeStart().id;
  }

  test("is sent to the invocation's note lane, whatever its value", async () => {
    const world = new World();
    const id = await invocation(world);
    const line = `POST /restate/invocation/${id}/signals/go%2Fon/resolve`;
    expect(await world.request(line, new Uint8Array([0, 255]))).toEqual({
      status: 202,
      headers: {},
      body: "",
    });
    expect(world.takeSent()).toMatchObject([
      {
        group: `n${id}`,
        message: {
          kind: "notify",
          id,
          note: signalled("go/on", expect.any(String), new Uint8Array([0, 255])),
        },
      },
    ]);
  });

  test("is rejected with a reason", async () => {
    const world = new World();
    const id = await invocation(world);
    await world.request(`POST /restate/invocation/${id}/signals/go/reject`, "no way");
    expect(world.takeSent()).toMatchObject([
      { message: { kind: "notify", id, note: signalled("go", expect.any(String), [500, "no way"]) } },
    ]);
  });

  test("needs an invocation's id, and a name", async () => {
    const world = new World();
    const id = await invocation(world);
    for (const path of [`inv_zz/signals/go`, `${id}/signals/`, `${id}/signals/${"x".repeat(513)}`]) {
      expect(await world.request(`POST /restate/invocation/${path}/resolve`)).toMatchObject({ status: 400 });
    }
    expect(world.takeSent()).toEqual([]);
  });
});
