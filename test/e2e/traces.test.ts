/** What a collector gets of invocations on the local engine: the tree of spans, what others are told, and nothing twice. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type CollectedSpan, Collector, treeOf } from "../support/collector.ts";
import { PACKAGE_ROOT, Server } from "./server.ts";

const ORDER = { card: "visa", city: "Bern", items: [{ sku: "tea", quantity: 1 }], packing: 800 };
const SENT_MS = 300;
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

const named = (spans: readonly CollectedSpan[], name: string): CollectedSpan[] =>
  spans.filter((span) => span.name === name);
const traceIds = (spans: readonly CollectedSpan[]): Set<string> =>
  new Set(spans.map(({ traceId }) => traceId));

let collector: Collector;
beforeAll(async () => {
  collector = await Collector.start();
});
beforeEach(() => {
  collector.spans.length = 0;
});
afterAll(async () => await collector.stop());

const started = async (file: string): Promise<Server> =>
  await Server.start({
    file,
    args: ["--no-watch"],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      PERDURE_TRACE_URL: "http://127.0.0.1:16686/trace/{trace_id}",
    },
  });

describe("the order saga", () => {
  let server: Server;
  beforeAll(async () => {
    server = await started(`${PACKAGE_ROOT}/examples/03-order-saga.ts`);
  });
  afterAll(async () => await server.stop());

  test("is one trace, from the queue over the turns to the steps and calls", async () => {
    await server.call("/Order/o-1/run", ORDER, {});
    await sleep(SENT_MS);
    // How often it rests in between depends on how fast the machine is.
    expect(treeOf(collector.spans).filter((line) => line !== "  turn [internal]")).toEqual([
      "Order/run [server]",
      "  queue wait [internal]",
      "    run price the order [internal]",
      "  call PaymentGateway/charge [client]",
      "    PaymentGateway/charge [server]",
      "      queue wait [internal]",
      "      turn [internal]",
      "  call Warehouse/reserve [client]",
      "    Warehouse/reserve [server]",
      "      queue wait [internal]",
      "      turn [internal]",
      "  sleep packing [internal]",
      "    run print the label [internal]",
      "  call Courier/ship [client]",
      "    Courier/ship [server]",
      "      queue wait [internal]",
      "      turn [internal]",
    ]);
    expect(traceIds(collector.spans).size).toBe(1);
    const [slept] = named(collector.spans, "sleep packing");
    expect((slept?.endMs ?? 0) - (slept?.startMs ?? 0)).toBeGreaterThanOrEqual(ORDER.packing);
    const [root] = named(collector.spans, "Order/run");
    expect(root?.attributes).toMatchObject({
      "rpc.service": "Order",
      "rpc.method": "run",
      "restate.invocation.target": "Order/run",
      "restate.invocation.result": "success",
    });
    // The key may name a person.
    expect(JSON.stringify(collector.spans)).not.toContain("o-1");
  });

  test("shows nothing twice, whatever is killed and delivered again", async () => {
    await server.send("/Order/o-2/run", { ...ORDER, packing: 6000 });
    for (const ms of [20, 60, 120]) {
      await sleep(ms);
      await server.restart();
    }
    await sleep(40);
    server.killHosts();
    await collector.until(({ name }) => name === "Order/run", 20_000);
    await sleep(SENT_MS);
    const ids = collector.spans.map(({ spanId }) => spanId);
    expect(ids.length).toBe(new Set(ids).size);
    expect(traceIds(collector.spans).size).toBe(1);
    expect(named(collector.spans, "Order/run").length).toBe(1);
  });
});

describe("what others are told", () => {
  let server: Server;
  beforeAll(async () => {
    server = await started("traced.ts");
  });
  afterAll(async () => await server.stop());

  interface Told {
    readonly own: Record<string, string>;
    readonly called: Record<string, string>;
  }
  const sampled = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: "vendor=1", baggage: "user=7" };

  test("a call is in the caller's trace, and so are its callees and attempts", async () => {
    const told = (await server.call("/Caller/calls", undefined, sampled)) as Told;
    await sleep(SENT_MS);
    const [call] = named(collector.spans, "call Callee/told");
    const [root] = named(collector.spans, "Caller/calls");
    const [callee] = named(collector.spans, "Callee/told");
    expect(traceIds(collector.spans)).toEqual(new Set([TRACE]));
    expect(root).toMatchObject({ parentSpanId: SPAN, traceState: "vendor=1" });
    expect(call?.parentSpanId).toBe(root?.spanId);
    expect(callee?.parentSpanId).toBe(call?.spanId);
    for (const each of [told.own, told.called]) {
      expect(each).toMatchObject({ tracestate: "vendor=1", baggage: "user=7" });
      const [, traceId, spanId = "", flags] = (each["traceparent"] ?? "").split("-");
      expect([traceId, flags]).toEqual([TRACE, "01"]);
      expect(collector.spans.find((span) => span.spanId === spanId)?.name).toBe("turn");
    }
  });

  test("a trace that is not kept goes on as such, to the end, and shows nothing", async () => {
    const told = (await server.call("/Caller/calls", undefined, {
      traceparent: `00-${TRACE}-${SPAN}-00`,
    })) as Told;
    await sleep(SENT_MS);
    expect(told.own["traceparent"]).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    expect(told.called["traceparent"]).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    expect(collector.spans).toEqual([]);
  });

  test("what is sent begins a trace of its own, linked to the send", async () => {
    await server.call("/Caller/sends", undefined, sampled);
    const callee = await collector.until(({ name }) => name === "Callee/told");
    await sleep(SENT_MS);
    const [send] = named(collector.spans, "send Callee/told");
    expect(treeOf(collector.spans.filter(({ traceId }) => traceId !== TRACE))[0]).toBe(
      "Callee/told [consumer]",
    );
    expect(send).toMatchObject({ traceId: TRACE, kind: 4 });
    expect(callee.traceId).not.toBe(TRACE);
    expect(callee.parentSpanId).toBeUndefined();
    expect(callee.links).toMatchObject([{ traceId: TRACE, spanId: send?.spanId }]);
  });

  test("a restart begins a trace of its own, linked to what it restarts", async () => {
    const sent = await server.send("/Caller/sends", undefined, sampled);
    const before = await collector.until(({ name }) => name === "Caller/sends");
    await server.request(`${server.adminUrl}/invocations/${sent}/restart-as-new`, { method: "PATCH" });
    const after = await collector.until(
      ({ name, spanId }) => name === "Caller/sends" && spanId !== before.spanId,
    );
    const described = (await server.admin(`/invocations/${sent}`)) as Record<string, unknown>;
    expect([described["trace_id"], described["trace_url"]]).toEqual([
      TRACE,
      `http://127.0.0.1:16686/trace/${TRACE}`,
    ]);
    expect(after.links).toMatchObject([{ traceId: before.traceId, spanId: before.spanId }]);
    expect(after).toMatchObject({ kind: before.kind });
    expect(after.traceId).not.toBe(TRACE);
    expect(after.parentSpanId).toBeUndefined();
  });

  test("X-Ray's header is understood", async () => {
    const header = `Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)};Parent=${SPAN};Sampled=1`;
    await server.call("/Caller/calls", undefined, { "x-amzn-trace-id": header });
    const root = await collector.until(({ name }) => name === "Caller/calls");
    expect(root).toMatchObject({ traceId: TRACE, parentSpanId: SPAN });
  });

  test("retries are shown in part, with their number and the last failure", async () => {
    await server.call("/Caller/fails", undefined, {});
    await sleep(SENT_MS);
    const turns = named(collector.spans, "turn");
    expect(turns.map(({ attributes }) => attributes["perdure.turn.attempt"])).toEqual([1, 2, 4, 6]);
    expect(turns.map(({ status }) => status.code)).toEqual([2, 2, 2, 1]);
    expect(turns[2]?.events).toMatchObject([
      { name: "exception", attributes: { "exception.type": "500", "exception.message": "try 4" } },
    ]);
    expect(turns[2]?.attributes).toMatchObject({
      "error.type": "500",
      "perdure.failed.operation": "run reaches out",
    });
  });

  test("a callee's failure is its callers', and a call that is given up has a span, too", async () => {
    await server.call("/Caller/refused", undefined, {}).catch(() => undefined);
    await sleep(SENT_MS);
    for (const name of ["Callee/refuses", "call Callee/refuses", "Caller/refused"])
      expect(named(collector.spans, name)).toMatchObject([
        { status: { code: 2, message: "no" }, attributes: { "error.type": "422" } },
      ]);
    collector.spans.length = 0;
    await server.call("/Caller/leaves", undefined, {});
    await sleep(SENT_MS);
    expect(named(collector.spans, "call Callee/slow")[0]?.attributes).toMatchObject({
      "perdure.given_up": true,
    });
  });

  test("an attempt whose process has died is seen by the engine; what is killed is no error", async () => {
    const sent = await server.send("/Caller/dies");
    await collector.until(({ attributes }) => attributes["error.type"] === "died");
    await server.admin(`/invocations/${sent}/kill`, "PATCH");
    const root = await collector.until(({ name }) => name === "Caller/dies");
    expect(root.status).toEqual({});
    expect(root.attributes).toMatchObject({ "error.type": "killed", "restate.invocation.result": "failure" });
  });
});
