/** The server's answers to wrong requests: always a reason, never a stack, and it never hangs. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PAYLOAD_BYTES_MAX } from "../../lib/limits.ts";
import type { Started } from "./target.ts";

/** `skips`: cases, by name, that cannot reach that ingress, each with the reason. */
export function inputSuite(
  name: string,
  start: () => Promise<Started>,
  skips: Readonly<Record<string, string>> = {},
): void {
  describe(`wrong requests: ${name}`, () => {
    let server: Started;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.stop());

    interface Wrong {
      readonly path: string;
      readonly method?: string;
      readonly body?: string;
      readonly headers?: Record<string, string>;
    }

    const long = (bytes: number): string => JSON.stringify("x".repeat(bytes - 2));

    test.for<[name: string, request: Wrong, status: number, source: string, message: string | RegExp]>([
      ["unknown service", { path: "/Nobody/greet" }, 404, "ingress", "service 'Nobody' not found"],
      ["unknown handler", { path: "/Greeter/nothing" }, 404, "ingress", "handler 'nothing' was not found"],
      ["private handler", { path: "/Greeter/secret" }, 400, "ingress", "the invoked service is not public"],
      [
        "body that is not JSON",
        { path: "/Greeter/greet", body: "{" },
        400,
        "invocation",
        "Failed to deserialize input",
      ],
      [
        "payload too long",
        { path: "/Greeter/greet", body: long(PAYLOAD_BYTES_MAX + 1) },
        413,
        "ingress",
        "payload",
      ],
      [
        "other content type",
        { path: "/Greeter/strict", body: "x", headers: { "content-type": "image/png" } },
        400,
        "ingress",
        "image/png",
      ],
      ["wrong method", { path: "/Greeter/greet", method: "DELETE" }, 405, "ingress", "not allowed"],
      [
        "empty idempotency key",
        { path: "/Greeter/greet", body: '"a"', headers: { "idempotency-key": "" } },
        400,
        "ingress",
        "idempotency key",
      ],
      [
        "idempotency key too long",
        { path: "/Greeter/greet", body: '"a"', headers: { "idempotency-key": "k".repeat(600) } },
        400,
        "ingress",
        "600 bytes",
      ],
      [
        "headers too long",
        { path: "/Greeter/greet", body: '"a"', headers: { "x-long": "h".repeat(17_000) } },
        431,
        "ingress",
        "headers",
      ],
      ["bad delay", { path: "/Greeter/greet/send?delay=soon", body: '"a"' }, 400, "ingress", "delay"],
      [
        "bad invocation id",
        { path: "/restate/invocation/inv_made_up/attach", method: "GET" },
        400,
        "ingress",
        /./,
      ],
      [
        "bad awakeable id",
        { path: "/restate/awakeables/sign_1made_up/resolve", body: "1" },
        400,
        "ingress",
        /./,
      ],
      [
        "unknown workflow",
        { path: "/restate/workflow/Signup/nobody/output", method: "GET" },
        404,
        "ingress",
        "not found",
      ],
      ["bad path", { path: "/", method: "GET" }, 400, "ingress", "bad path"],
    ])(
      "%s",
      async (
        [caseName, { path, method = "POST", body, headers = {} }, status, source, message],
        { skip },
      ) => {
        const reason = skips[caseName];
        if (reason !== undefined) skip(reason);
        const type: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
        const response = await fetch(server.url + path, {
          method,
          headers: { ...type, ...headers },
          ...(body === undefined ? {} : { body }),
        });
        expect(response.status).toBe(status);
        expect(response.headers.get("x-restate-error-source")).toBe(source);
        const answer = (await response.json()) as { code: number; message: string; source: string };
        expect(answer).toMatchObject({ code: status, source });
        expect(answer.message).toMatch(message);
      },
    );

    test("a payload as long as is allowed comes back whole", async () => {
      const body = long(PAYLOAD_BYTES_MAX - 20);
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${server.url}/Greeter/greet`, { method: "POST", headers, body });
      expect(await response.text()).toBe(body.replace('"', '"hello '));
    });
  });
}
