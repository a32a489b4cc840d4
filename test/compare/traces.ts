/** `npm run compare -- traces`: the spans of one saga on both servers, as trees; and whether each tells what both should. */
import { setTimeout as sleep } from "node:timers/promises";
import { type CollectedSpan, Collector, treeOf } from "../support/collector.ts";
import type { Side } from "./bundle.ts";
import { startServer } from "./servers.ts";

const FILE = "examples/03-order-saga.ts";
const ORDER = { card: "visa", city: "Bern", items: [{ sku: "tea", quantity: 1 }], packing: 1500 };
/** Until the last span has come. Restate's server gathers them for five seconds. */
const SENT_MS = 6500;
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const UNSAMPLED_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER = "b7ad6b7169203331";
const CALLEES = ["PaymentGateway/charge", "Warehouse/reserve", "Courier/ship"];

interface Traced {
  readonly spans: readonly CollectedSpan[];
  /** Of a request that its caller does not sample. */
  readonly unsampled: number;
}

async function tracesOf(side: Side, folder: string): Promise<Traced> {
  const collector = await Collector.start();
  process.env["RESTATE_TRACING_ENDPOINT"] = `otlp+${collector.url}/v1/traces`;
  const server = await startServer(side, folder, [FILE]);
  const call = async (key: string, trace: string, flags: string): Promise<void> => {
    const answer = await fetch(`${server.ingress}/Order/${key}/run`, {
      method: "POST",
      headers: { "content-type": "application/json", traceparent: `00-${trace}-${CALLER}-${flags}` },
      body: JSON.stringify(ORDER),
    });
    if (!answer.ok) throw new Error(`${side} answered ${answer.status}: ${await answer.text()}`);
  };
  try {
    await call("o-1", TRACE, "01");
    await sleep(SENT_MS);
    const count = collector.spans.length;
    await call("o-2", UNSAMPLED_TRACE, "00");
    await sleep(SENT_MS);
    const isLate = ({ traceId }: CollectedSpan, nth: number): boolean => nth >= count && traceId !== TRACE;
    const unsampled = collector.spans.filter(isLate).length;
    return { spans: collector.spans.filter((span, nth) => !isLate(span, nth)), unsampled };
  } finally {
    delete process.env["RESTATE_TRACING_ENDPOINT"];
    await server.stop();
    await collector.stop();
  }
}

/** What a trace should tell, wherever it comes from. */
function toldBy({ spans, unsampled }: Traced): Readonly<Record<string, boolean>> {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const parents = spans
    .filter(({ parentSpanId }) => parentSpanId !== CALLER)
    .map((span) => span.parentSpanId);
  const has = (found: (span: CollectedSpan) => boolean): boolean => spans.some(found);
  return {
    "one trace, the caller's": spans.every(({ traceId }) => traceId === TRACE),
    "a span below the caller's": has(({ parentSpanId }) => parentSpanId === CALLER),
    "each parent is there": parents.every((id) => id !== undefined && ids.has(id)),
    "no span twice": ids.size === spans.length,
    "every callee": CALLEES.every((callee) =>
      has(({ name }) => name.endsWith(callee) || keyed(name, callee)),
    ),
    "nothing of an unsampled request": unsampled === 0,
    "steps have spans": has(({ name }) => name.includes("price the order")),
    "the sleep has a span": has(
      ({ name, startMs, endMs }) => name.startsWith("sleep") && endMs - startMs > 1000,
    ),
    "names hold no key": !has(({ name }) => name.includes("visa") || name.includes("o-1")),
  };
}

/** Restate's names have the place of the key in them: `Courier/{key}/ship`. */
function keyed(name: string, callee: string): boolean {
  const [service = "", handler = ""] = callee.split("/");
  return name.includes(`${service}/`) && name.endsWith(`/${handler}`);
}

/** Restate's server does not tell these (docs/tracing.md). */
const OURS_ALONE = new Set(["steps have spans", "the sleep has a span", "nothing of an unsampled request"]);

/** Returns how many of these are not as expected. */
export async function compareTraces(folder: string): Promise<number> {
  const restate = await tracesOf("restate", folder);
  const perdure = await tracesOf("perdure", folder);
  for (const [side, { spans }] of Object.entries({ Restate: restate, Perdure: perdure }))
    console.log(
      `${side}: ${spans.length} spans\n${treeOf(spans)
        .map((line) => `  ${line}`)
        .join("\n")}\n`,
    );
  const [theirs, ours] = [toldBy(restate), toldBy(perdure)];
  let unexpected = 0;
  for (const [what, isTold] of Object.entries(ours)) {
    const both = `Restate ${theirs[what] ? "yes" : "no"}, Perdure ${isTold ? "yes" : "no"}`;
    const isExpected = isTold && (theirs[what] === true || OURS_ALONE.has(what));
    console.log(
      `${theirs[what] === isTold ? "same    " : isExpected ? "expected" : "DIFFERS "} ${what}: ${both}`,
    );
    if (!isExpected) unexpected++;
  }
  return unexpected;
}
