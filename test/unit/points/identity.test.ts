/** Request identity. Perdure differs from Restate: IAM guards handlers in AWS, and local handlers listen on loopback. */
import * as http2 from "node:http2";
import { once } from "node:events";
import { serve, service, type Context } from "perdure/restate";
import { describe, expect, test } from "vitest";

describe("identity keys of requests", () => {
  test("identity keys are accepted and not asked for; who serves does so on loopback", async () => {
    const greeter = service({
      name: "Greeter",
      handlers: { greet: async (_ctx: Context, name: string) => `Hello, ${name}!` },
    });
    const port = await serve({
      services: [greeter],
      port: 0,
      identityKeys: ["publickeyv1_w7YHemBctH5Ck2nQRQ47iBBqhNHy4FV7t2Usbye2A6f"],
    });
    const session = http2.connect(`http://127.0.0.1:${port}`);
    try {
      const request = session.request({ ":path": "/health" });
      const [headers] = (await once(request, "response")) as [http2.IncomingHttpHeaders];
      expect(headers[":status"]).toBe(200);
      expect(session.socket?.remoteAddress).toBe("127.0.0.1");
    } finally {
      session.destroy();
    }
  });
});
