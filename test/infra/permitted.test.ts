/**
 * The engine at work, with each part confined to its role's permissions in the template. Nothing is refused, and every
 * permission on data is used. Two functions serve services, so a handler could reach the other's items.
 */
import { DurablePromise, handlers, object, service, workflow } from "perdure";
import type {
  Context,
  ObjectContext,
  ObjectSharedContext,
  WorkflowContext,
  WorkflowSharedContext,
} from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { storedId } from "../../lib/model/shown-id.ts";
import { outgoing } from "../../lib/store/send.ts";
import { invocationId, serviceTag } from "../../lib/model/ids.ts";
import { parseRecorded } from "../../lib/model/recorded-journal.ts";
import { encodeMessage, type Start } from "../../lib/model/message.ts";
import type { Invoker, Logger, Mailbox } from "../../lib/ports.ts";
import type { DiscoveryResponse } from "../../lib/protocol.ts";
import { Admin } from "../../runtime/admin/admin.ts";
import { Dispatcher } from "../../runtime/dispatcher/dispatcher.ts";
import type { HttpResponse } from "../../runtime/http/message.ts";
import { Ingress } from "../../runtime/ingress/ingress.ts";
import { systemClock } from "../../lib/clock.ts";
import { systemEntropy } from "../../lib/entropy.ts";
import { openDatabase } from "../../runtime/local/database.ts";
import { LocalItemStore } from "../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../runtime/local/mailbox.ts";
import { LocalTimers } from "../../runtime/local/timers.ts";
import { Reconciler } from "../../runtime/reconciler/reconciler.ts";
import { DeadLetterWatch } from "../../runtime/reconciler/dead-letters.ts";
import { revivePasses } from "../../runtime/reconciler/guard-revival.ts";
import { Retirement } from "../../runtime/reconciler/retirement.ts";
import { Registrar } from "../../runtime/registrar/registrar.ts";
import { guardTimer } from "../../lib/store/guard.ts";
import { GuardTable, passMessage } from "../../lib/store/guard-table.ts";
import { forwardTimer } from "../../runtime/timers/due-timer.ts";
import { TimersFunction } from "../../runtime/timers/timers-function.ts";
import { onlyCall } from "../../sdk/direct-door.ts";
import { createEndpoint, type Endpoint, type TurnPorts } from "../../sdk/endpoint.ts";
import { replayedBy } from "../../sdk/rehearsals.ts";
import { linesOf } from "./access.ts";
import { Guard } from "./guard.ts";
import { makeStack } from "./stack.ts";

/** Long enough for an item of its own; too long for one message or item. */
const LARGE = "x".repeat(50_000);
const HUGE = "x".repeat(900_000);
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** On a machine that does much else. */
const SOON = { timeout: 20_000 };

const desk = service({
  name: "Desk",
  handlers: {
    ask: async (ctx: Context, text: string) => await ctx.run("answer", () => `${text}!`),
    wait: async (ctx: Context) => {
      // Enough for pages.
      for (let step = 0; step < 30; step++) await ctx.run(`step ${step}`, () => "x".repeat(100));
      return await ctx.awakeable<string>().promise;
    },
  },
});
const drawer = object({
  name: "Drawer",
  handlers: {
    fill: async (ctx: ObjectContext, value: string) => {
      ctx.set("value", value);
      ctx.set("gone", 1);
      await ctx.sleep(20);
      ctx.clear("gone");
      return await ctx.stateKeys();
    },
    look: handlers.object.shared(async (ctx: ObjectSharedContext) => await ctx.get("value")),
    empty: async (ctx: ObjectContext) => {
      ctx.clearAll();
      await ctx.run("nothing", () => null);
    },
  },
});
const order = workflow({
  name: "Order",
  handlers: {
    run: async (ctx: WorkflowContext) => {
      ctx.set("stage", "begun");
      ctx.serviceSendClient(desk).ask("sent");
      const paid = await ctx.promise<string>("paid");
      return `${paid} ${await ctx.serviceClient(desk).ask("served")}`;
    },
    pay: handlers.workflow.shared(
      async (ctx: WorkflowSharedContext, by: string) => await ctx.promise<string>("paid").resolve(by),
    ),
  },
});
const clerk = service({
  name: "Clerk",
  handlers: {
    all: async (ctx: Context) => {
      const asked = Array.from({ length: 20 }, (_, n) => ctx.serviceClient(desk).ask(String(n)));
      ctx.objectSendClient(drawer, "sent").fill(LARGE);
      await ctx.run("large", () => HUGE);
      await ctx.serviceClient(desk).ask(HUGE);
      return (await DurablePromise.all(asked)).length + (await ctx.serviceClient(desk).ask("soon")).length;
    },
    snoop: async (ctx: Context) => await ctx.run("snoop", () => "harmless"),
  },
});

const OWN = ["Desk", "Drawer", "Order"];
const OTHER = "arn:aws:lambda:eu-west-1:123456789012:function:other";
const FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:handlers";
const linesFor = (services: readonly string[]): string[] =>
  linesOf(makeStack({ services, listing: ["open", "ended"], inFlight: "move" }).resources);
const lines = linesFor(OWN);
const others = linesFor(["Clerk"])
  .filter((line) => line.startsWith("handler | "))
  .map((line) => line.replace("handler", "other"));
const guard = new Guard([...lines, ...others]);
const logged: string[] = [];
const logger: Logger = {
  log: (level, text, fields) => void logged.push(`${level} ${text} ${JSON.stringify(fields)}`),
};

const database = openDatabase(":memory:");
const store = new LocalItemStore(database);
const clock = systemClock;
const localMailbox = new LocalMailbox(database, clock);
const localTimers = new LocalTimers(database, localMailbox, clock);

/** Those whose guards wait in their table. */
const GUARDED: ReadonlySet<string> = new Set(["ingress", "dispatcher", "handler", "other"]);

function portsOf(role: string) {
  const items = guard.items(role, store);
  const timers = guard.timers(role, localTimers);
  return {
    items,
    mailbox: guard.mailbox(role, localMailbox),
    timers: GUARDED.has(role) ? new GuardTable({ items, timers, clock }) : timers,
    registry: new ItemRegistry(items, clock, 0),
    clock,
    entropy: systemEntropy,
    // A sleep suspends, so that its timer is permitted.
    shortWaitMs: 0,
    logger,
    watch: store,
  };
}

const functions: Readonly<Record<string, { readonly role: string; readonly endpoint: Endpoint }>> = {
  [`${FUNCTION}:1`]: { role: "handler", endpoint: createEndpoint([desk, drawer, order]) },
  [`${FUNCTION}:2`]: { role: "handler", endpoint: createEndpoint([desk, drawer, order]) },
  [`${OTHER}:1`]: { role: "other", endpoint: createEndpoint([clerk]) },
};
const discoverer = {
  discover: async ({ address }: { readonly address: string }): Promise<DiscoveryResponse> => {
    const found = functions[address];
    if (!found) throw new Error(`there is no ${address}`);
    return Promise.resolve(found.endpoint.discover());
  },
};
/** By the timers' function: the pass with this number. Returns what goes to the mailbox. */
async function passGuards(number: number, nowMs = clock.now()): Promise<readonly string[]> {
  const ports = portsOf("timers");
  const sent: string[] = [];
  const mailbox: Mailbox = {
    sendBatch: async (messages) => {
      sent.push(...messages.map(({ dedup }) => dedup));
      return await ports.mailbox.sendBatch(messages);
    },
  };
  const later = { ...clock, now: () => nowMs };
  const timers = new TimersFunction({
    ...ports,
    mailbox,
    clock: later,
    passTimers: ports.timers,
    hasGuardTable: true,
  });
  await timers.take({ atMs: nowMs, message: passMessage(number) }, Number.POSITIVE_INFINITY);
  return sent;
}
const invoker: Invoker = {
  invoke: async ({ address }, request) => {
    const found = functions[address];
    if (!found) throw new Error(`there is no ${address}`);
    return await found.endpoint.runTurn(request, turnPortsOf(found.role));
  },
};
/** A handler's: by the alias, so for calls alone. */
const doors = (role: string): Invoker => ({
  invoke: async ({ address }, request) => {
    guard.check(role, "lambda:InvokeFunction", "handler doors");
    const found = functions[address];
    if (!found) throw new Error(`there is no ${address}`);
    called.push(request.target.service);
    const call = onlyCall(request, found.endpoint.discover().services);
    return await found.endpoint.runTurn(call, turnPortsOf(found.role));
  },
});
const called: string[] = [];
function turnPortsOf(role: string): TurnPorts {
  return { ...portsOf(role), invoker: doors(role) };
}
const ingress = new Ingress({ ...portsOf("ingress"), invoker });
const admin = new Admin(
  { ...portsOf("admin"), discoverer, listing: guard.listing("admin", store.listing) },
  { version: "1", ingressEndpoint: "" },
);
/** For a runtime without indexes. */
const unlisted = new Admin({ ...portsOf("admin") }, { version: "1", ingressEndpoint: "" });
const registrar = new Registrar({
  ...portsOf("registrar"),
  discoverer,
  gate: {
    ...portsOf("registrar"),
    listing: guard.listing("registrar", store.listing),
    rehearser: {
      rehearse: async (address, journals) => {
        guard.check("registrar", "lambda:InvokeFunction", "handler versions");
        const { endpoint } = functions[address] ?? {};
        return endpoint ? await replayedBy(endpoint, journals.map(parseRecorded)) : [];
      },
    },
    untilMs: Number.POSITIVE_INFINITY,
  },
  versions: {
    publish: async (arn, description) => {
      guard.check("registrar", "lambda:PublishVersion", "handler function");
      return Promise.resolve({ arn: `${arn}:2`, description });
    },
    state: async () => {
      guard.check("registrar", "lambda:GetFunctionConfiguration", "handler versions");
      return Promise.resolve("ready");
    },
    remove: async () => {
      guard.check("registrar", "lambda:DeleteFunction", "handler versions");
      return Promise.resolve();
    },
  },
});

beforeAll(async () => {
  // The table takes guards only if a pass promises more of them.
  await passGuards(1);
  const dispatcher = new Dispatcher({ ...portsOf("dispatcher"), invoker });
  for (const [functionArn, services] of [[FUNCTION, OWN] as const, [OTHER, ["Clerk"]] as const]) {
    await registrar.register({ functionArn, versionArn: `${functionArn}:1`, services, breaking: false });
  }
  localMailbox.consume(async (batch) => await dispatcher.handle(batch, 60_000), { concurrency: 64 });
});
afterAll(async () => {
  localTimers.stop();
  await localMailbox.stop(1000);
  database.close();
});

interface Deployments {
  readonly deployments: readonly { readonly id: string }[];
}
interface Answer {
  readonly status: number;
  readonly body: unknown;
}
type Server = { handle(request: Parameters<Ingress["handle"]>[0]): Promise<HttpResponse> };

async function ask(
  server: Server,
  line: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const [method = "", path = ""] = line.split(" ");
  const [pathname = "", search = ""] = path.split("?");
  const json: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
  const answer = await server.handle({
    method,
    path: pathname,
    query: new URLSearchParams(search),
    headers: { ...json, ...headers },
    body: new TextEncoder().encode(body === undefined ? "" : JSON.stringify(body)),
  });
  const text = new TextDecoder().decode(answer.body);
  const isJson = (answer.headers["content-type"] ?? "").includes("json");
  return { status: answer.status, body: isJson && text !== "" ? (JSON.parse(text) as unknown) : text };
}
/** A request to the admin API that must succeed. */
async function operate(line: string, body?: unknown): Promise<unknown> {
  const answer = await ask(admin, line, body);
  if (answer.status >= 300)
    throw new Error(`${line} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
const call = (line: string, body?: unknown, headers?: Record<string, string>) =>
  ask(ingress, line, body, headers);
/** Of an invocation that nobody has called. */
const startOf = (number: number): Start => ({
  ...{ kind: "start", id: invocationId("Desk", undefined, new Uint8Array(14).fill(number)), incarnation: 0 },
  ...{ origin: "o", target: { service: "Desk", handler: "ask" }, headers: {}, acceptedAtMs: 1 },
  input: new TextEncoder().encode('"x"'),
});
/** Returns what its message is called. */
async function setGuard(role: string, atMs: number): Promise<string> {
  const timer = guardTimer(startOf(2), { name: `${role}.${atMs}`, atMs });
  await portsOf(role).timers.schedule(timer);
  return timer.message.dedup;
}
const idIn = ({ body }: Answer): string => (body as { invocationId: string }).invocationId;

/** They have stopped an hour ago. */
async function passesRevived(): Promise<boolean> {
  const { timers: passTimers, ...ports } = portsOf("reconciler");
  return await revivePasses({ ...ports, passTimers, clock: { now: () => clock.now() + HOUR_MS } });
}

describe("each part does its work with the permissions that it has", () => {
  test("calls, sends, delays, keys and results", async () => {
    expect(await call("POST /Desk/ask", "a")).toEqual({ status: 200, body: "a!" });
    const key = { "idempotency-key": "once" };
    const twice = await Promise.all([call("POST /Desk/ask", LARGE, key), call("POST /Desk/ask", LARGE, key)]);
    expect(twice).toMatchObject([{ status: 200 }, { status: 200 }]);
    expect(await call("POST /Desk/ask", LARGE, key)).toMatchObject({ status: 200 });
    expect(await call("POST /Desk/ask", HUGE)).toMatchObject({ status: 200 });
    const delayed = idIn(await call("POST /Desk/ask/send?delay=30ms", LARGE));
    expect(await call(`GET /restate/attach/${delayed}`)).toMatchObject({ status: 200 });
    expect(await call("POST /Clerk/all")).toEqual({ status: 200, body: 25 });
    expect(called).toContain("Desk");
    expect(await call("GET /Drawer/sent/look")).toMatchObject({ status: 200 });
  });

  test("state, promises, awakeables", async () => {
    const fills = Array.from({ length: 12 }, (_, n) => call("POST /Drawer/a/fill", `${n}`));
    expect(await Promise.all(fills)).toEqual(fills.map(() => ({ status: 200, body: ["value"] })));
    expect(await call("POST /Drawer/a/empty")).toMatchObject({ status: 200 });
    expect(await call("POST /Drawer/huge/fill", HUGE)).toMatchObject({ status: 200 });
    await operate("GET /services/Drawer/state/huge");
    const run = idIn(await call("POST /Order/o/run/send"));
    expect(await call("POST /Order/o/pay", "card")).toMatchObject({ status: 200 });
    expect(await call("GET /restate/workflow/Order/o/attach")).toEqual({ status: 200, body: "card served!" });
    await operate(`PATCH /invocations/${run}/purge`);
  });

  test("what operators do", async () => {
    for (const operation of ["cancel", "kill", "pause"]) {
      const id = idIn(await call("POST /Desk/wait/send"));
      await expect
        .poll(async () => (await ask(admin, `GET /invocations/${id}`)).body, SOON)
        .toMatchObject({ status: "suspended" });
      await operate(`PATCH /invocations/${id}/${operation}`);
      if (operation === "pause") {
        await expect
          .poll(async () => (await ask(admin, `GET /invocations/${id}`)).body, SOON)
          .toMatchObject({ status: "paused" });
        await operate(`PATCH /invocations/${id}/resume?deployment=latest`);
        continue;
      }
      await call(`GET /restate/attach/${id}`);
      await operate(`GET /invocations/${id}/journal`);
      await operate(`PATCH /invocations/${id}/restart-as-new`);
      await operate(`PATCH /invocations/${id}/purge`);
    }
    const later = idIn(await call("POST /Desk/ask/send?delay=1h", "x"));
    await operate(`PATCH /invocations/${later}/cancel`);
    for (const line of [
      "GET /invocations?status=suspended",
      "GET /invocations",
      "GET /services/Drawer/state/a",
      "GET /services/Drawer/state",
      "GET /services/Desk/openapi",
      "GET /deployments",
    ]) {
      await operate(line);
    }
    await operate("POST /services/Drawer/state", {
      object_key: "a",
      new_state: { b: [49] },
    });
    await operate("PATCH /services/Desk", { public: true });
    await operate("POST /deployments", { arn: `${FUNCTION}:1` });
    expect((await ask(unlisted, "GET /invocations")).status).toBe(200);
    expect(await call("GET /restate/health")).toMatchObject({ status: 200 });
  });

  test("timers, when they are due and before", async () => {
    const id = storedId(idIn(await call("POST /Desk/ask/send", "x"))) ?? "";
    const message = outgoing({ kind: "resume", id }, "test");
    await forwardTimer(portsOf("timers"), { atMs: clock.now(), message });
    await forwardTimer(portsOf("timers"), { atMs: clock.now() + HOUR_MS, message });
    const start = startOf(1);
    await forwardTimer(portsOf("timers"), guardTimer(start, { name: "g", atMs: clock.now() }));
  });

  test("guards: the table has them, and a pass finds those of turns that have not ended", async () => {
    const untilMs = clock.now() + 2 * MINUTE_MS;
    const names = await Promise.all(
      ["ingress", "dispatcher", "handler"].map((role) => setGuard(role, untilMs)),
    );
    // There is no pass in time for this one, so the delay queue has it.
    const soon = await setGuard("handler", clock.now() + MINUTE_MS / 2);
    const found = await passGuards(2, untilMs);
    expect(found).toEqual(expect.arrayContaining(names));
    expect(found).not.toContain(soon);
  });

  test("dead letters become paused invocations", async () => {
    const suspended = storedId(idIn(await call("POST /Desk/wait/send"))) ?? "";
    await expect
      .poll(async () => (await ask(admin, `GET /invocations/${suspended}`)).body, SOON)
      .toMatchObject({ status: "suspended" });
    const letters = [startOf(0), { kind: "resume", id: suspended } as const].map((message) => ({
      body: encodeMessage(message),
      sinceMs: clock.now() + HOUR_MS,
    }));
    const watch = new DeadLetterWatch({
      ...portsOf("reconciler"),
      deadLetters: { next: async () => Promise.resolve(letters.splice(0)) },
    });
    expect(await watch.run()).toEqual({ found: 2, paused: 2 });
  });

  test("registering, rolling back, retiring, reconciling", async () => {
    const registration = { functionArn: FUNCTION, services: OWN, breaking: false };
    const inFlight = { policy: "move", sample: 100 } as const;
    const published = { ...registration, fingerprint: "b", formerServices: [], inFlight };
    const unnamed = registrar.register({ ...published, services: [...OWN, "Unknown"] });
    await expect(unnamed).rejects.toThrow("does not serve Unknown");
    expect((await registrar.register(published)).inFlight).toMatch(
      /; [1-9]\d* fit, [1-9]\d* moved, 0 differ/,
    );
    const reconciler = new Reconciler(portsOf("reconciler"));
    const early = new Retirement({
      ...portsOf("reconciler"),
      versions: { remove: async () => Promise.resolve() },
      clock: { ...clock, now: () => clock.now() },
    });
    await reconciler.run({ look: (head) => early.look(head) });
    expect(await early.finish()).toBe(0);
    const removed: string[] = [];
    const late = new Retirement({
      ...portsOf("reconciler"),
      versions: { remove: async (address) => Promise.resolve(void removed.push(address)) },
      clock: { ...clock, now: () => clock.now() + 48 * HOUR_MS },
    });
    expect(await late.finish()).toBe(1);
    expect(await passesRevived()).toBe(true);
    expect(removed).toEqual([`${FUNCTION}:1`]);
    expect(idIn(await call("POST /Desk/ask/send?delay=1h", "x"))).toMatch(/^inv_/);
    const sometime = new Reconciler({
      ...portsOf("reconciler"),
      clock: { ...clock, now: () => clock.now() + 1e9 },
    });
    expect((await sometime.run()).poked).toBeGreaterThan(0);
    const [{ id } = { id: "" }] = ((await operate("GET /deployments")) as Deployments).deployments;
    await operate(`DELETE /deployments/${id}?force=true`);
    await registrar.remove(FUNCTION);
    await registrar.remove(OTHER);
  });

  test("without a refusal", () => {
    expect(guard.refused).toEqual([]);
    expect(logged.filter((line) => line.includes("may not"))).toEqual([]);
  });

  test("and none on data, queues or schedules is granted for nothing", () => {
    const granted = lines.map((line) => line.split(" | ").slice(0, 3).join(" | "));
    const ofPorts = granted.filter(
      (line) =>
        / (dynamodb:|sqs:SendMessage|scheduler:|lambda:(Publish|Get))/.test(line) &&
        !line.startsWith("timer schedules"),
    );
    const unused = ofPorts.filter((line) => !guard.used.has(line));
    expect(unused).toEqual([]);
  });
});

describe("a handler", () => {
  const handler = guard.items("handler", store);
  const refusing = new Guard(lines);
  const confined = refusing.items("handler", store);

  test("reads what is its own", async () => {
    await expect(
      handler.get({ table: "state", pk: `${serviceTag("Drawer")}.state.huge`, sk: "value" }),
    ).resolves.toBeDefined();
  });

  test.each([
    ["another service's state", { table: "state", pk: `${serviceTag("Clerk")}.state.a`, sk: "b" }],
    ["another service's journal", { table: "journal", pk: `${serviceTag("Clerk")}.inv.x`, sk: "head" }],
    ["a deployment", { table: "registry", pk: "deployment.dp_1", sk: "deployment" }],
  ] as const)("does not read or write %s", async (_, key) => {
    await expect(confined.get(key)).rejects.toThrow("handler may not dynamodb:GetItem");
    await expect(confined.write({ op: "put", key, attributes: {} })).rejects.toThrow(
      "handler may not dynamodb:PutItem",
    );
    await expect(confined.scan(key.table, key.sk)).rejects.toThrow("handler may not dynamodb:Scan");
  });
});
