/** Time after a function's answer: the process registers itself as an extension. The API is a stub of Lambda's. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { lambdaTracing } from "../../lib/aws/lambda-tracing.ts";
import { silentLogger } from "../../lib/ports.ts";
import { Collector } from "../support/collector.ts";

const seen: string[] = [];
const waiting: (() => void)[] = [];
let refuses = false;
let api: Server;
let collector: Collector;
beforeAll(async () => {
  api = createServer((request, response) => {
    seen.push(
      `${request.method} ${request.url} ${String(request.headers["lambda-extension-identifier"] ?? "")}`.trim(),
    );
    if (request.url?.endsWith("/register") === true) {
      response.writeHead(refuses ? 403 : 200, { "lambda-extension-identifier": "one" }).end("{}");
      return;
    }
    waiting.push(() => response.writeHead(200).end('{"eventType":"INVOKE"}'));
  });
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  collector = await Collector.start();
});
beforeEach(() => {
  seen.length = 0;
  collector.spans.length = 0;
});
afterAll(async () => {
  api.closeAllConnections();
  api.close();
  await collector.stop();
});

const environment = () => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(api.address() as AddressInfo).port}`,
});
const span = (name: string) => ({
  ...{ traceId: "a".repeat(32), spanId: "b".repeat(16), name, kind: "internal" as const },
  ...{ startMs: 1, endMs: 2, attributes: {} },
});

test("the answer does not wait for spans, and the next event is asked for when they are sent", async () => {
  const traced = await lambdaTracing(environment(), silentLogger);
  await expect
    .poll(() => seen)
    .toEqual(["POST /2020-01-01/extension/register", "GET /2020-01-01/extension/event/next one"]);
  for (const name of ["first", "second"]) {
    traced?.tracing.exporter.add([span(name)]);
    waiting.shift()?.();
    await traced?.answered();
    await collector.until((each) => each.name === name);
    await expect.poll(() => waiting.length).toBe(1);
  }
  expect(seen.length).toBe(4);
});

test("without an extension spans are sent before the answer", async () => {
  refuses = true;
  const traced = await lambdaTracing(environment(), silentLogger);
  traced?.tracing.exporter.add([span("before")]);
  await traced?.answered();
  expect(collector.spans.map(({ name }) => name)).toEqual(["before"]);
});

test("what is dropped is told, so that it is measured", async () => {
  const dropped: number[] = [];
  const traced = await lambdaTracing(environment(), silentLogger, (count) => dropped.push(count));
  collector.answers.push(400);
  traced?.tracing.exporter.add([span("one"), span("two")]);
  await traced?.answered();
  expect(dropped).toEqual([2]);
});

test("off without an endpoint", async () => {
  const { AWS_LAMBDA_RUNTIME_API } = environment();
  expect(await lambdaTracing({ AWS_LAMBDA_RUNTIME_API }, silentLogger)).toBeUndefined();
  expect(seen).toEqual([]);
});
