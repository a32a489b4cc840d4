// `perdure ui`: who may ask it, what it hands on and what not, and what becomes of the answers.
import { describe, expect, test } from "vitest";
import { newKey, type ProxyOptions, uiProxy, type Upstream } from "../../../../runtime/dev/ui/proxy.ts";
import { UiFiles } from "../../../../runtime/dev/ui/ui-files.ts";
import { type HttpResponse, jsonResponse } from "../../../../runtime/http/message.ts";
import { PROXY_REQUESTS_MAX } from "../../../../lib/limits/ui.ts";

const KEY = newKey();
const HOST = "localhost:9071";
const OWN = { host: HOST, cookie: `a=b; perdure_ui_9071=${KEY}` };

type Sent = Parameters<Upstream["send"]>[0];

/** Records what arrives. */
class Server implements Upstream {
  readonly asked: Sent[] = [];
  respond: (asked: Sent) => HttpResponse | Promise<HttpResponse> = () => jsonResponse(200, { ok: true });

  async send(asked: Sent): Promise<HttpResponse> {
    this.asked.push(asked);
    return await this.respond(asked);
  }
}

function world(changes: Partial<ProxyOptions> = {}) {
  const [admin, ingress] = [new Server(), new Server()];
  const options: ProxyOptions = {
    ...{ ui: new UiFiles([]), admin, ingress: () => Promise.resolve(ingress), readOnly: false, key: KEY },
    environment: () => Promise.resolve({ name: "prod", role: undefined, is_production: true }),
    ...changes,
  };
  const handle = uiProxy(options, "127.0.0.1");
  const ask = async (
    line: string,
    headers: Record<string, string> = OWN,
    body = "",
  ): Promise<HttpResponse> => {
    const [method = "", target = ""] = line.split(" ");
    const [path = "", query = ""] = target.split("?");
    const request = {
      ...{ method, path, headers },
      ...{ query: new URLSearchParams(query), body: new TextEncoder().encode(body) },
    };
    const answer = await handle(request, new AbortController().signal);
    if ("stream" in answer) throw new Error("a whole answer is expected");
    return answer;
  };
  return { admin, ingress, ask };
}

const textOf = ({ body }: HttpResponse): string => new TextDecoder().decode(body);

describe("who may ask", () => {
  test("the link's key becomes a cookie that no script reads, and leaves the address", async () => {
    const { ask } = world();
    const answer = await ask(`GET /ui/invocations?key=${KEY}&status=paused`, { host: HOST });
    expect(answer.status).toBe(302);
    expect(answer.headers["location"]).toBe("/ui/invocations?status=paused");
    expect(answer.headers["set-cookie"]).toBe(`perdure_ui_9071=${KEY}; HttpOnly; SameSite=Strict; Path=/`);
    const wrong = await ask("GET /ui/?key=guessed", { host: HOST });
    expect([wrong.status, wrong.headers["set-cookie"]]).toEqual([302, undefined]);
  });

  test("a key for one time opens it once, and the cookie is the same", async () => {
    const onceKey = newKey();
    const { ask } = world({ onceKey });
    const cookies = [];
    for (let n = 0; n < 2; n++)
      cookies.push((await ask(`GET /ui/?key=${onceKey}`, { host: HOST })).headers["set-cookie"]);
    expect(cookies).toEqual([expect.stringContaining(KEY), undefined]);
    expect((await ask(`GET /ui/?key=${KEY}`, { host: HOST })).headers["set-cookie"]).toContain(KEY);
  });

  test.each([[{}], [{ cookie: `perdure_ui_9072=${KEY}` }], [{ cookie: "perdure_ui_9071=guessed" }]])(
    "without the key of this server (%j) nothing is handed on",
    async (headers) => {
      const { admin, ask } = world();
      expect((await ask("GET /invocations", { host: HOST, ...headers })).status).toBe(401);
      expect(admin.asked).toEqual([]);
    },
  );

  test.each([
    [{ origin: "https://evil.example" }],
    [{ origin: "http://localhost:3000" }],
    [{ origin: "https://localhost:9071" }],
    [{ origin: "null" }],
    [{ "sec-fetch-site": "cross-site" }],
    [{ "sec-fetch-site": "same-site" }],
    [{ host: "evil.example:9071" }],
    [{ host: "192.168.1.2:9071" }],
  ])("a page that is not its own is refused, whatever key its browser has: %j", async (headers) => {
    const { admin, ask } = world();
    expect((await ask("PATCH /invocations/inv_1/kill", { ...OWN, ...headers })).status).toBe(403);
    expect(admin.asked).toEqual([]);
  });

  test("its own page may ask", async () => {
    const { admin, ask } = world();
    const headers = { ...OWN, origin: `http://${HOST}`, "sec-fetch-site": "same-origin" };
    expect((await ask("PATCH /invocations/inv_1/kill", headers)).status).toBe(200);
    expect(admin.asked).toMatchObject([{ method: "PATCH", path: "/invocations/inv_1/kill" }]);
  });

  test("a link on another page may lead to the UI, and to nothing else", async () => {
    const { ask } = world();
    const link = {
      host: HOST,
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    // It is not built here.
    expect((await ask("GET /ui/invocations/inv_1", link)).status).toBe(404);
    expect((await ask("GET /ui/invocations/inv_1", { ...link, "sec-fetch-dest": "iframe" })).status).toBe(
      403,
    );
    expect((await ask("GET /ingress/Greeter/greet", { ...OWN, ...link })).status).toBe(403);
  });
});

describe("what is handed on", () => {
  test("the request as it is, without what belongs to the browser", async () => {
    const { admin, ask } = world();
    const browser = {
      origin: `http://${HOST}`,
      "sec-fetch-mode": "cors",
      "user-agent": "B",
      "accept-encoding": "br",
    };
    const body = '{"query":"SELECT 1"}';
    await ask(
      "POST /query?a=1%202",
      { ...OWN, ...browser, "content-type": "application/json", accept: "*/*" },
      body,
    );
    expect(admin.asked).toEqual([
      {
        ...{ method: "POST", path: "/query?a=1+2" },
        headers: { "content-type": "application/json", accept: "*/*" },
        body: new TextEncoder().encode(body),
      },
    ]);
  });

  test("what is below /ingress goes to the ingress, for as long as it takes", async () => {
    const { admin, ingress, ask } = world();
    await ask("POST /ingress/Greeter/greet", { ...OWN, "idempotency-key": "k" }, "{}");
    expect(admin.asked).toEqual([]);
    expect(ingress.asked).toMatchObject([
      { path: "/Greeter/greet", headers: { "idempotency-key": "k" }, timeoutMs: Number.POSITIVE_INFINITY },
    ]);
  });

  test("answers come back with their status, as data and not as pages of this origin", async () => {
    const { ingress, ask } = world();
    ingress.respond = () => ({
      status: 470,
      headers: {
        "content-type": "text/html",
        "set-cookie": "a=b",
        "access-control-allow-origin": "*",
        "x-restate-id": "i",
      },
      body: new TextEncoder().encode("<script>"),
    });
    expect(await ask("POST /ingress/Greeter/greet")).toMatchObject({
      status: 470,
      headers: {
        ...{ "content-type": "text/html", "x-restate-id": "i", "x-content-type-options": "nosniff" },
        "content-security-policy": expect.stringContaining("sandbox"),
      },
    });
    expect((await ask("POST /ingress/Greeter/greet")).headers).not.toHaveProperty("set-cookie");
  });

  test("the version says which environment it is", async () => {
    const { admin, ask } = world({ readOnly: true });
    admin.respond = () =>
      jsonResponse(200, { version: "1", environment: { kind: "aws", name: "R", role: "r" } });
    expect(JSON.parse(textOf(await ask("GET /version")))).toEqual({
      version: "1",
      environment: { kind: "aws", name: "prod", role: "r", is_production: true, read_only: true },
    });
  });

  test("nobody tells of changes here", async () => {
    const { admin, ask } = world();
    expect((await ask("GET /changes")).status).toBe(204);
    expect(admin.asked).toEqual([]);
  });

  test("what fails says why, and a write that may have arrived says so", async () => {
    const { admin, ask } = world();
    admin.respond = () =>
      Promise.reject(Object.assign(new Error("your session has ended"), { advice: "Run: login" }));
    const answer = await ask("GET /invocations");
    expect([answer.status, JSON.parse(textOf(answer))]).toEqual([
      502,
      { message: "your session has ended. Run: login", restate_code: null },
    ]);
    admin.respond = () => Promise.reject(Object.assign(new Error("no answer"), { name: "Unreachable" }));
    expect((await ask("PATCH /invocations/inv_1/kill")).status).toBe(503);
    expect((await ask("GET /invocations")).status).toBe(502);
  });

  test("so many at a time, and no more", async () => {
    const { admin, ask } = world();
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    admin.respond = async () => {
      await gate;
      return jsonResponse(200, {});
    };
    const asked = Array.from({ length: PROXY_REQUESTS_MAX }, () => ask("GET /invocations"));
    expect((await ask("GET /invocations")).status).toBe(503);
    go();
    expect((await Promise.all(asked)).every(({ status }) => status === 200)).toBe(true);
    expect((await ask("GET /invocations")).status).toBe(200);
  });
});

describe("read-only", () => {
  test.each([
    "PATCH /invocations/inv_1/kill",
    "POST /invocations/cancel",
    "DELETE /deployments/dp_1",
    "POST /services/Counter/state",
    "POST /dev/crash",
    "POST /ingress/Greeter/greet",
    "GET /ingress/Greeter/greet",
    "GET /ingress/restate/call/Greeter/greet",
    "GET /ingress/restate/send/Greeter/greet",
    "GET /ingress/%72estate/call/Greeter/greet",
    "GET /ingress//Greeter/greet",
    "POST /ingress/restate/awakeables/a/resolve",
  ])("%s is refused", async (line) => {
    const { admin, ingress, ask } = world({ readOnly: true });
    expect((await ask(line)).status).toBe(403);
    expect([...admin.asked, ...ingress.asked]).toEqual([]);
  });

  test.each([
    "GET /invocations",
    "HEAD /health",
    "POST /query",
    "POST /v3/query",
    "GET /ingress/restate/health",
    "GET /ingress/restate/invocation/inv_1/output",
  ])("%s is handed on", async (line) => {
    const { admin, ingress, ask } = world({ readOnly: true });
    expect((await ask(line)).status).toBe(200);
    expect([...admin.asked, ...ingress.asked]).toHaveLength(1);
  });
});
