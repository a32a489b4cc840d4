/** Step 2: each thing that a client does, once; and who may do what. */
import { randomUUID } from "node:crypto";
import { expectAtMost, expectSame, type Noting, Unmet } from "./check.ts";
import type { IngressCaller } from "./ingress-caller.ts";
import { openCaller, type StackAtHand, type Verification } from "./verification.ts";

const SLEEP_MS = 2000;
const SLEEP_LATE_MS_MAX = 10_000;
/** Handlers of other services: by their own paths, with a key that is the service's name, and by the path that names a call. */
const FORBIDDEN = [
  "/Account/mine/deposit",
  "/Account/Greeter/deposit",
  "/restate/call/Account/Greeter/deposit",
  "/Line/Greeter/append",
] as const;
const SOON_MS = 30_000;

export async function smoke(verification: Verification, stack: StackAtHand): Promise<void> {
  const { ledger } = verification;
  const check = (name: string, run: (note: Noting) => Promise<void>) => ledger.check("smoke", name, run);
  await check("a signed call", async () => {
    expectSame("answer", await stack.ingress.call("/Greeter/greet", "Ada"), "hello Ada");
  });
  await check("send, attach and a repeat by idempotency key", async () => sendTwice(stack.ingress));
  await check("an awakeable", async () => awakeable(stack.ingress));
  await check("a sleep", async (note) => {
    const lateMs = Number(await stack.ingress.call("/Waiting/sleep", SLEEP_MS));
    note("late by", lateMs, "ms");
    if (lateMs < 0) throw new Unmet("never early", `${lateMs} ms`);
    expectAtMost("late by", lateMs, SLEEP_LATE_MS_MAX, " ms");
  });
  await check("an object keeps its state", async () => {
    const key = `smoke-${randomUUID()}`;
    await stack.ingress.call(`/Account/${key}/fill`, 3);
    expectSame("state", await stack.ingress.call(`/Account/${key}/read`), ["value 0", "value 1", "value 2"]);
  });
  await check("the admin API lists the services", async () => {
    const { services } = (await stack.admin.admin("/services")) as { services: readonly { name: string }[] };
    const names = services.map(({ name }) => name);
    for (const wanted of ["Greeter", "Account", "Deaths"])
      if (!names.includes(wanted)) throw new Unmet(`a service ${wanted}`, names.join(", "));
  });
  await check("unsigned requests are refused, at both APIs", async () => {
    for (const [url, path] of [
      [stack.outputs.IngressUrl, "/restate/health"],
      [stack.outputs.AdminUrl, "/services"],
    ] as const) {
      const unsigned = openCaller(verification, url);
      const { status } = await unsigned.door.request("GET", path);
      unsigned.door.close();
      expectSame("status", status, 403);
    }
  });
  await check("a browser's preflight passes without a signature", async () => {
    const unsigned = openCaller(verification, stack.outputs.IngressUrl);
    const { status } = await unsigned.door.request("OPTIONS", "/Greeter/greet", {
      headers: {
        origin: "https://example.org",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });
    unsigned.door.close();
    if (status !== 200 && status !== 204) throw new Unmet("status 200 or 204", String(status));
  });
  await callerChecks(verification, stack);
}

async function sendTwice(ingress: IngressCaller): Promise<void> {
  const headers = { "idempotency-key": randomUUID() };
  const id = await ingress.send("/Greeter/greet", "Ada", headers);
  expectSame("result", await ingress.result(id), "hello Ada");
  expectSame("id of the repeat", await ingress.send("/Greeter/greet", "Ada", headers), id);
}

async function awakeable(ingress: IngressCaller): Promise<void> {
  const key = `awakeable-${randomUUID()}`;
  const id = await ingress.send("/Waiting/awakeable", key);
  const items = async () => (await ingress.call(`/Line/${key}/items`)) as readonly string[];
  const [awakeableId = ""] = await ingress.until(items, ({ length }) => length > 0, SOON_MS);
  const { status } = await ingress.post(`/restate/awakeables/${awakeableId}/resolve`, "done");
  expectSame("status of resolve", status, 202);
  expectSame("result", await ingress.result(id), "done");
}

/** What a principal may do that has `grantInvokeService(…, "Greeter")` and nothing else. */
async function callerChecks(verification: Verification, stack: StackAtHand): Promise<void> {
  const { ledger, account, capabilities } = verification;
  const credentials = () => account.assumeRole(stack.outputs.CallerRole);
  await ledger.check("smoke", "a role with grantInvokeService calls, sends and attaches", async () => {
    const held = await credentials();
    const caller = openCaller(verification, stack.outputs.IngressUrl, async () => held);
    try {
      expectSame("its call", await caller.call("/Greeter/greet", "Ada"), "hello Ada");
      const id = await caller.send("/Greeter/greet", "Ada");
      expectSame("its attach", await caller.result(id), "hello Ada");
    } finally {
      caller.door.close();
    }
  });
  await ledger.check("smoke", "such a role may do nothing else", async () => {
    const held = await credentials();
    const anything = await account.mayListQueues(held);
    capabilities.set("iam", !anything, "a role without a right to list queues lists them");
    await capabilities.require("iam");
    const [caller, admin] = [stack.outputs.IngressUrl, stack.outputs.AdminUrl].map((url) =>
      openCaller(verification, url, async () => held),
    );
    for (const path of FORBIDDEN) {
      const answer = await caller?.post(path, 1);
      expectSame(`status of ${path}`, answer?.status, 403);
    }
    const answer = await admin?.door.request("GET", "/services");
    expectSame("status at the admin API", answer?.status, 403);
    for (const each of [caller, admin]) each?.door.close();
  });
}
