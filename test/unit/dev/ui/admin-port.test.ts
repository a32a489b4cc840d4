// What the admin port of a local server answers, in which order, and to whom.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { adminPort } from "../../../../runtime/dev/ui/admin-port.ts";
import { Changes } from "../../../../runtime/dev/ui/changes.ts";
import { UiFiles } from "../../../../runtime/dev/ui/ui-files.ts";
import { type HttpRequest, type HttpResponse, jsonResponse } from "../../../../runtime/http/message.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function built(): UiFiles {
  const folder = mkdtempSync(join(tmpdir(), "perdure-ui-"));
  folders.push(folder);
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>page</title>");
  writeFileSync(join(folder, "main-0123456789ab.js"), "export {};");
  writeFileSync(join(folder, "icon.svg"), "<svg/>");
  writeFileSync(join(folder, "secret.txt"), "no");
  return new UiFiles([folder]);
}

const named = (who: string) => async (request: HttpRequest) =>
  jsonResponse(200, { who, path: request.path, method: request.method });

async function ask(
  path: string,
  {
    method = "GET",
    headers = {},
    ui = built(),
  }: Partial<{ method: string; headers: object; ui: UiFiles }> = {},
): Promise<HttpResponse> {
  const handle = adminPort(
    { ui, changes: new Changes(), ingress: named("ingress"), admin: named("admin") },
    "127.0.0.1",
  );
  const request = {
    ...{ method, path, query: new URLSearchParams(), body: new Uint8Array(0) },
    headers: { host: "localhost:9070", ...headers },
  };
  const answer = await handle(request, new AbortController().signal);
  if ("stream" in answer) throw new Error("a whole answer is expected");
  return answer;
}

const textOf = ({ body }: HttpResponse): string => new TextDecoder().decode(body);

describe("the page", () => {
  test.each(["/ui/", "/ui/invocations/inv_1", "/ui/services/a%2Fb?x=1", "/ui/secret.txt", "/ui/../x"])(
    "is at %s",
    async (path) => {
      const answer = await ask(path);
      expect(textOf(answer)).toContain("<title>page</title>");
      expect(answer.headers["cache-control"]).toBe("no-cache");
    },
  );

  test("loads nothing but its own files, and may be framed by nobody", async () => {
    const { headers } = await ask("/ui/");
    const policy = headers["content-security-policy"] ?? "";
    expect(policy.split("; ").toSorted()).toEqual([
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "img-src 'self'",
      "script-src 'self'",
      "style-src 'self'",
    ]);
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
  });

  test("has files that are kept for ever, since their names say what is in them", async () => {
    const answer = await ask("/ui/main-0123456789ab.js");
    expect(answer.headers["cache-control"]).toContain("immutable");
    expect(answer.headers["content-type"]).toContain("javascript");
    // A name that says nothing of that is asked for anew.
    expect((await ask("/ui/icon.svg")).headers["cache-control"]).toBe("no-cache");
    expect(answer.headers["content-security-policy"]).toBeDefined();
  });

  test("is where a browser is sent that asks for the port alone; programs get the API's answer", async () => {
    const answer = await ask("/", { headers: { accept: "text/html,*/*" } });
    expect([answer.status, answer.headers["location"]]).toEqual([302, "/ui/"]);
    expect((await ask("/ui")).headers["location"]).toBe("/ui/");
    expect(JSON.parse(textOf(await ask("/")))).toMatchObject({ who: "admin" });
  });

  test("that is not built says how to build it", async () => {
    const answer = await ask("/ui/", { ui: new UiFiles([join(tmpdir(), "no-such-folder")]) });
    expect(answer.status).toBe(404);
    expect(textOf(answer)).toContain("npm run build:ui");
  });
});

test("what is below /ingress is asked of the ingress, with its own path", async () => {
  expect(JSON.parse(textOf(await ask("/ingress/Greeter/a%2Fb/greet", { method: "POST" })))).toEqual({
    ...{ who: "ingress", path: "/Greeter/a%2Fb/greet", method: "POST" },
  });
  expect(JSON.parse(textOf(await ask("/ingressed/x")))).toMatchObject({ who: "admin", path: "/ingressed/x" });
});

test("a page of another site gets nothing: not the page, not the ingress, no word of changes", async () => {
  const headers = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  for (const path of ["/ui/", "/ingress/Greeter/greet", "/changes", "/version"])
    expect((await ask(path, { headers })).status).toBe(403);
  expect((await ask("/ui/", { headers: { host: "evil.example" } })).status).toBe(403);
});
