// Who did what on a local server: `GET /audit`.
import { expect, onTestFinished, test, vi } from "vitest";
import { service } from "../../../../sdk/index.ts";
import { LocalServer } from "../../../support/cli-run.ts";

/** A busy machine takes its time. */
const PATIENT = { timeout: 15_000, interval: 10 };

interface Trail {
  readonly actions: readonly Record<string, unknown>[];
  readonly kept: boolean;
}

test(
  "what people do is kept, and found by the invocation that it was done to",
  { timeout: 60_000 },
  async () => {
    const server = await LocalServer.start();
    onTestFinished(() => server.stop());
    const slow = service({ name: "Slow", handlers: { wait: async (ctx) => ctx.sleep({ days: 1 }) } });
    await server.run("deployments", "register", await server.serve({ services: [slow] }), "--yes");
    const ask = async (path: string, method = "GET", headers = {}) =>
      await fetch(`${server.adminUrl}${path}`, { method, headers });
    const trail = async (query = "") => (await (await ask(`/audit${query}`)).json()) as Trail;

    const sent = await ask("/ingress/Slow/wait/send", "POST");
    const { invocationId: id } = (await sent.json()) as { invocationId: string };
    await vi.waitFor(async () => expect((await ask(`/invocations/${id}`)).status).toBe(200), PATIENT);
    await ask(`/invocations/${id}/kill`, "PATCH", { "sec-fetch-site": "same-origin" });
    await vi.waitFor(async () => {
      const { status } = (await (await ask(`/invocations/${id}`)).json()) as { status: string };
      expect(status).toBe("completed");
    }, PATIENT);
    await ask(`/invocations/${id}/cancel`, "PATCH");

    expect(await trail(`?id=${id}`)).toMatchObject({
      kept: true,
      actions: [
        { action: "cancel", id, outcome: "refused", status: 409, via: "program" },
        { action: "kill", id, outcome: "done", via: "page" },
      ],
    });
    expect((await trail()).actions.map(({ action }) => action)).toEqual([
      "cancel",
      "kill",
      "register-deployment",
    ]);
    expect((await trail("?limit=1")).actions).toHaveLength(1);
    expect((await ask("/audit?limit=0")).status).toBe(400);
  },
);
