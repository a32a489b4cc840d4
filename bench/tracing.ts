/**
 * `npm run trace-cost`: what tracing costs an invocation, in this process: CPU with and without, spans, bytes, requests. The collector is a
 * function that answers at once, so the time on the wire is not in it.
 */
import { Tracing } from "../lib/tracing/tracing.ts";
import { silentLogger } from "../lib/ports.ts";
import { systemClock } from "../lib/clock.ts";
import { service, type Context } from "../sdk/index.ts";
import { TestEnvironment } from "../sdk/testing/index.ts";
import { stopTracing, traceTurns } from "../sdk/tracing/turns.ts";
import { medianOf } from "./report/statistics.ts";

const INVOCATIONS = 400;
const ROUNDS = 7;

const work = service({
  name: "Work",
  handlers: {
    none: async (_ctx: Context) => await Promise.resolve(1),
    steps: async (ctx: Context) => {
      for (let nth = 0; nth < 3; nth++) await ctx.run(`step ${nth}`, () => nth);
    },
  },
});

const sent = { bytes: 0, requests: 0, spans: 0 };
const tracing = new Tracing(
  {
    ...{ endpoint: "http://127.0.0.1:4318/v1/traces", headers: {}, timeoutMs: 1000, showsKeys: false },
    ...{ sampler: { isSampled: () => true }, resource: { "service.name": "bench" } },
  },
  {
    ...{ clock: systemClock, logger: silentLogger },
    fetch: async (_url, { body }) => {
      sent.requests++;
      sent.bytes += body.length;
      sent.spans += body.split('"startTimeUnixNano"').length - 1;
      return await Promise.resolve({ status: 200, arrayBuffer: () => Promise.resolve(undefined) });
    },
  },
);

/** CPU in microseconds for one invocation. */
async function cpuOf(environment: TestEnvironment, handler: string): Promise<number> {
  const before = process.cpuUsage();
  for (let nth = 0; nth < INVOCATIONS; nth++) await environment.call(`/Work/${handler}`);
  await tracing.exporter.flush(1000);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / INVOCATIONS;
}

const environment = await TestEnvironment.start({ services: [work] });
for (const handler of ["none", "steps"]) {
  const off: number[] = [];
  const on: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    stopTracing();
    off.push(await cpuOf(environment, handler));
    traceTurns(tracing);
    Object.assign(sent, { bytes: 0, requests: 0, spans: 0 });
    on.push(await cpuOf(environment, handler));
  }
  const [without, traced] = [medianOf(off.slice(1)), medianOf(on.slice(1))];
  const { bytes, spans, requests } = sent;
  console.log(
    `${handler === "none" ? "no step " : "3 steps "} ${without.toFixed(0)} µs of CPU without, ${traced.toFixed(0)} with tracing: ` +
      `× ${(traced / without).toFixed(2)}; ${(spans / INVOCATIONS).toFixed(1)} spans of ${(bytes / spans).toFixed(0)} bytes, ` +
      `${(requests / INVOCATIONS).toFixed(3)} requests an invocation`,
  );
}
await environment.stop();
