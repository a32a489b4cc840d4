/** Deployments: register with discovery, remove, and their conflicts. */
import { describe, expect, test } from "vitest";
import type { HandlerManifest, ServiceManifest } from "../../../lib/model/manifest.ts";
import { shownId } from "../../../lib/model/shown-id.ts";
import { type DiscoveryResponse, PROTOCOL_VERSION } from "../../../lib/protocol.ts";
import { Admin } from "../../../runtime/admin/admin.ts";
import { DeploymentError } from "../../../runtime/deployments/error.ts";
import { answerOf, requestOf } from "../ingress/world.ts";
import { AdminWorld } from "./admin-world.ts";

const URI = "http://localhost:9080/";
const ARN = "arn:aws:lambda:eu-west-1:123456789012:function:greeter:8";

const h = (name: string, kind: HandlerManifest["kind"] = "plain"): HandlerManifest => ({ name, kind });
const s = (name: string, handlers: HandlerManifest[], type: ServiceManifest["type"] = "service") => ({
  name,
  type,
  handlers,
});
const found = (...services: ServiceManifest[]): DiscoveryResponse => ({
  version: PROTOCOL_VERSION,
  sdkVersion: "1.2.3",
  services,
});

function worldWith(...services: ServiceManifest[]): AdminWorld {
  const world = new AdminWorld();
  world.discovered.set(URI, found(...services));
  return world;
}
const register = (world: AdminWorld, more: object = {}) =>
  world.ask("POST /deployments", { uri: URI, ...more });
const codeIs = (status: number, code: string) => ({
  status,
  body: { restate_code: code, message: expect.stringContaining(`[${code}] `) as string },
});

describe("registering", () => {
  test("a new address is 201, and new invocations go there", async () => {
    const world = worldWith(s("A", [h("one")]));
    const answer = await register(world, {
      additional_headers: {},
      use_http_11: false,
      metadata: { a: "b" },
    });
    expect(answer).toMatchObject({
      status: 201,
      body: {
        services: [{ name: "A", revision: 1 }],
        ...{ min_protocol_version: 1, max_protocol_version: 1, sdk_version: "1.2.3" },
      },
    });
    const { id } = answer.body as { id: string };
    expect(answer.headers).toMatchObject({ location: `deployments/${id}` });
    expect((await world.ask("GET /services/A")).body).toMatchObject({ deployment_id: id, revision: 1 });
    expect((await world.ask(`GET /deployments/${id}`)).body).toMatchObject({
      ...{ id, uri: URI, metadata: { a: "b" }, protocol_type: "BidiStream", http_version: "HTTP/2.0" },
    });
  });

  test("a version of a function is one, its newest code is not", async () => {
    const world = new AdminWorld();
    world.discovered.set(ARN, found(s("A", [h("one")])));
    expect((await world.ask("POST /deployments", { arn: ARN })).status).toBe(201);
    expect((await world.ask("POST /deployments", { arn: ARN.replace(":8", "") })).status).toBe(400);
    expect((await world.ask("POST /deployments", { arn: ARN.replace(":8", ":$LATEST") })).status).toBe(400);
  });

  test("a known one without force is 200 and stays as it is", async () => {
    const world = worldWith(s("A", [h("one")]));
    const { id } = (await register(world)).body as { id: string };
    world.discovered.set(URI, found(s("A", [h("one"), h("two")])));
    const again = await register(world, { force: false });
    expect(again).toMatchObject({ status: 200, body: { id, services: [{ name: "A", revision: 1 }] } });
    expect((await world.ask("GET /services/A/handlers/two")).status).toBe(404);
  });

  test("a known one is discovered anew with force, which the older API has by default", async () => {
    const world = worldWith(s("A", [h("one")]));
    const { id } = (await register(world)).body as { id: string };
    world.discovered.set(URI, found(s("A", [h("one"), h("two")])));
    expect((await register(world)).status).toBe(200);
    expect((await world.ask("GET /services/A/handlers/two")).status).toBe(404);
    const forced = await register(world, { force: true });
    expect(forced).toMatchObject({ status: 200, body: { id, services: [{ revision: 2 }] } });
    expect((await world.ask("GET /services/A/handlers/two")).status).toBe(200);
    const older = await world.ask("POST /v2/deployments", { uri: URI });
    expect(older).toMatchObject({ status: 200, body: { id, services: [{ revision: 3 }] } });
  });

  test("what a forced one serves no more goes back to the deployment before it, or is gone", async () => {
    const world = worldWith(s("T", [h("hello")]), s("Gone", [h("one")]));
    await register(world);
    world.discovered.set(URI, found(s("New", [h("one")])));
    expect((await register(world, { force: true })).status).toBe(200);
    expect((await world.ask("GET /services/T")).body).toMatchObject({ deployment_id: "dp_1", revision: 3 });
    expect((await world.ask("GET /services/Gone")).status).toBe(404);
    expect((await world.ask("GET /services/New")).status).toBe(200);
  });

  test("headers and the kind of connection are kept, and used to discover it", async () => {
    const world = worldWith(s("A", [h("one")]));
    const wanted = { additional_headers: { "x-a": "b" }, use_http_11: true };
    const { id } = (await register(world, wanted)).body as { id: string };
    expect(world.asked).toEqual([{ address: URI, headers: { "x-a": "b" }, http11: true }]);
    const view = { additional_headers: { "x-a": "b" }, http_version: "HTTP/1.1" };
    expect((await world.ask(`GET /deployments/${id}`)).body).toMatchObject(view);
  });

  test("a dry run changes nothing", async () => {
    const world = worldWith(s("T", [h("hello"), h("send"), h("hidden"), h("json"), h("image")]));
    expect(await register(world, { dry_run: true })).toMatchObject({
      status: 201,
      body: { services: [{ name: "T", revision: 2 }] },
    });
    expect((await world.ask("GET /services/T")).body).toMatchObject({ deployment_id: "dp_1", revision: 1 });
  });

  test("changing a service's type needs `breaking`, or `force`; else it is META0006", async () => {
    const world = worldWith(s("T", [h("hello", "exclusive")], "object"));
    expect(await register(world)).toMatchObject(codeIs(409, "META0006"));
    expect(await register(world, { dry_run: true })).toMatchObject(codeIs(409, "META0006"));
    expect((await world.ask("GET /services/T")).body).toMatchObject({ deployment_id: "dp_1" });
    expect((await register(world, { breaking: true, dry_run: true })).status).toBe(201);
    expect((await register(world, { force: true, dry_run: true })).status).toBe(201);
    expect((await register(world, { breaking: true })).status).toBe(201);
  });

  test.each([
    ["a removed handler", s("O", [h("add", "exclusive"), h("get", "shared")], "object"), "O/send is removed"],
    [
      "another kind",
      s("O", [h("add", "shared"), h("send", "exclusive"), h("get", "shared")], "object"),
      "O/add was",
    ],
  ])("%s is accepted, and said", async (_, service, message) => {
    const answer = await register(worldWith(service));
    const info = [{ message: expect.stringContaining(message) as string }];
    expect(answer).toMatchObject({ status: 201, body: { info } });
  });

  test("an address that does not answer is META0003, one that answers otherwise META0013", async () => {
    const world = new AdminWorld();
    expect(await register(world)).toMatchObject(codeIs(500, "META0003"));
    world.discovered.set(URI, new Error("no JSON"));
    expect(await register(world)).toMatchObject(codeIs(500, "META0013"));
    world.discovered.set(URI, new DeploymentError("META0014", "HTTP/1.1?"));
    expect(await register(world)).toMatchObject(codeIs(500, "META0014"));
  });

  test("an endpoint of another protocol is META0012", async () => {
    const world = new AdminWorld();
    world.discovered.set(URI, { ...found(s("A", [h("one")])), version: 9 } as unknown as DiscoveryResponse);
    expect(await register(world)).toMatchObject(codeIs(500, "META0012"));
  });

  test.each([
    ["nothing", []],
    ["no list", "services"],
    ["a service without handlers", [s("A", [])]],
    ["a service of no type", [{ ...s("A", [h("one")]), type: "toString" }]],
    ["a bad name", [s("a/b", [h("one")])]],
    ["a reserved handler", [s("A", [h("~state", "exclusive")], "object")]],
    ["a service twice", [s("A", [h("one")]), s("A", [h("one")])]],
    ["a kind that its type cannot have", [s("A", [h("one", "exclusive")])]],
  ])("a discovery with %s is META0013", async (_, services) => {
    const world = new AdminWorld();
    world.discovered.set(URI, { ...found(), services } as unknown as DiscoveryResponse);
    expect(await register(world)).toMatchObject(codeIs(500, "META0013"));
  });
});

describe("a request", () => {
  test.each([
    [{}, 422, "needs either"],
    [{ uri: "no url" }, 400, "is not absolute"],
    [{ uri: "file:///etc/passwd" }, 400, "must begin with http"],
    [{ uri: "http://me:secret@localhost/" }, 400, "credentials"],
    [{ uri: URI, arn: ARN }, 422, "needs either"],
    [{ uri: URI, force: "yes" }, 400, "must be true or false"],
    [{ uri: URI, metadata: { a: 1 } }, 422, "not a map of strings"],
    [{ uri: URI, additional_headers: { "a b": "c" } }, 422, "not a map"],
    [{ uri: URI, additional_headers: { a: "b\r\nc: d" } }, 422, "not a map"],
    [{ uri: URI, additional_headers: { "Content-Type": "text/plain" } }, 422, "not a map"],
    [{ arn: ARN, additional_headers: { a: "b" } }, 400, "of no use"],
    [{ uri: URI, assume_role_arn: "arn:aws:iam::1:role/x" }, 400, "is not supported"],
  ])("%j is %i", async (body, status, message) => {
    const answer = await new AdminWorld().ask("POST /deployments", body);
    expect(answer).toMatchObject({ status, body: { message: expect.stringContaining(message) as string } });
  });

  test("the versions of the API that Restate's tools put before a path, and no others", async () => {
    const world = new AdminWorld();
    for (const version of [2, 3, 4])
      expect((await world.ask(`GET /v${version}/deployments`)).status).toBe(200);
    for (const version of [1, 5]) expect((await world.ask(`GET /v${version}/deployments`)).status).toBe(400);
  });

  test("is 501 where nothing can discover", async () => {
    const { adminPorts } = new AdminWorld();
    const { discoverer: _, ...ports } = adminPorts;
    const admin = new Admin(ports, { version: "0", ingressEndpoint: "" });
    const answer = await answerOf(admin.handle(requestOf("POST /deployments", JSON.stringify({ uri: URI }))));
    expect(answer.status).toBe(501);
  });
});

describe("moving", () => {
  const TO = "http://localhost:9081/";

  test("sends what is in flight elsewhere, and leaves what is served as it is", async () => {
    const world = worldWith(s("A", [h("one")]));
    const { id } = (await register(world, { additional_headers: { a: "b" } })).body as { id: string };
    world.discovered.set(TO, found(s("A", [h("one"), h("two")])));
    const dry = await world.ask(`PATCH /deployments/${id}`, { uri: TO, dry_run: true });
    expect(dry).toMatchObject({ status: 200, body: { uri: TO } });
    expect((await world.ask(`GET /deployments/${id}`)).body).toMatchObject({ uri: URI });
    const moved = await world.ask(`PATCH /deployments/${id}`, { uri: TO, additional_headers: {} });
    expect(moved).toMatchObject({ status: 200, body: { id, uri: TO, services: [{ revision: 1 }] } });
    expect(moved.body).not.toHaveProperty("additional_headers");
    expect((await world.ask("GET /services/A/handlers/two")).status).toBe(404);
    // Another deployment may use its old address now.
    expect(await register(world)).toMatchObject({ status: 201, body: { services: [{ revision: 2 }] } });
    expect((await world.ask("GET /deployments")).body).toMatchObject({
      deployments: [{ id: "dp_1" }, { id, uri: TO }, { uri: URI }],
    });
  });

  test("to where less is served is META0016; with overwrite it is what is served there", async () => {
    const world = worldWith(s("A", [h("one")]));
    const { id } = (await register(world)).body as { id: string };
    world.discovered.set(TO, found(s("A", [h("two")]), s("T", [h("hello")])));
    expect(await world.ask(`PATCH /deployments/${id}`, { uri: TO })).toMatchObject(codeIs(409, "META0016"));
    const moved = await world.ask(`PATCH /deployments/${id}`, { uri: TO, overwrite: true });
    expect(moved).toMatchObject({
      status: 200,
      body: { uri: TO, services: [{ name: "A", revision: 2 }, {}] },
    });
    expect((await world.ask("GET /services/A/handlers/two")).status).toBe(200);
    // New invocations of services that other deployments serve by now stay there.
    expect((await world.ask("GET /services/T")).body).toMatchObject({ deployment_id: "dp_1" });
  });

  test("an unknown one is 404, one that is not reached stays where it was", async () => {
    const world = worldWith(s("A", [h("one")]));
    expect((await world.ask("PATCH /deployments/dp_none", { uri: TO })).status).toBe(404);
    const { id } = (await register(world)).body as { id: string };
    expect(await world.ask(`PATCH /deployments/${id}`, { uri: TO })).toMatchObject(codeIs(500, "META0003"));
    expect((await world.ask(`GET /deployments/${id}`)).body).toMatchObject({ uri: URI });
  });

  test("two that share an address are not forced at once: META0017", async () => {
    const world = worldWith(s("A", [h("one")]));
    world.discovered.set(TO, found(s("A", [h("one")])));
    const { id } = (await register(world)).body as { id: string };
    await world.ask("POST /deployments", { uri: TO });
    expect((await world.ask(`PATCH /deployments/${id}`, { uri: TO })).status).toBe(200);
    expect(await world.ask("POST /deployments", { uri: TO, force: true })).toMatchObject(
      codeIs(409, "META0017"),
    );
  });
});

describe("removing", () => {
  test("one that new invocations go to is refused unless forced", async () => {
    const world = new AdminWorld();
    expect(await world.ask("DELETE /deployments/dp_1")).toMatchObject({
      status: 409,
      body: { message: expect.stringContaining("new invocations of O, P, T, W go") as string },
    });
    expect((await world.ask("DELETE /deployments/dp_1?force=true")).status).toBe(202);
    expect((await world.ask("GET /deployments/dp_1")).status).toBe(404);
    expect((await world.ask("GET /services")).body).toEqual({ services: [] });
  });

  test("gives its services back to the one before", async () => {
    const world = worldWith(s("T", [h("hello")]));
    const { id } = (await register(world, { breaking: true })).body as { id: string };
    expect((await world.ask(`DELETE /deployments/${id}?force=true`)).status).toBe(202);
    expect((await world.ask("GET /services/T")).body).toMatchObject({ deployment_id: "dp_1", revision: 3 });
    expect((await world.ask(`DELETE /deployments/${id}?force=true`)).status).toBe(404);
  });

  test("one that invocations are pinned to is refused until they have ended", async () => {
    const world = worldWith(
      s("T", [h("hello")]),
      s("O", [h("add", "exclusive")], "object"),
      s("P", [h("hello")]),
    );
    const start = await world.invocation({ s: "suspended" });
    await register(world, { breaking: true });
    const other = { ...found(s("W", [h("run", "workflow")], "workflow")) };
    world.discovered.set("http://w/", other);
    expect((await world.ask("POST /deployments", { uri: "http://w/", breaking: true })).status).toBe(201);
    const refused = await world.ask("DELETE /deployments/dp_1");
    expect(refused).toMatchObject({
      status: 409,
      body: { message: expect.stringContaining(shownId(start.id)) as string },
    });
    await world.putHead(start, { s: "completed", x: new Uint8Array(0) });
    expect((await world.ask("DELETE /deployments/dp_1")).status).toBe(202);
  });

  test("needs a plain yes or no", async () => {
    expect((await new AdminWorld().ask("DELETE /deployments/dp_1?force=1")).status).toBe(400);
    expect((await new AdminWorld().ask("DELETE /deployments/dp_none")).status).toBe(404);
  });
});
