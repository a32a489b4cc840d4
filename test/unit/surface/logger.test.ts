/** Your own log transport gets what handlers log with `ctx.console`, and learns whether it is a replay. */
import { type Context, type LogMetadata, object, type ObjectContext, service } from "perdure";
import { TestEnvironment } from "perdure/testing";
import { afterEach, expect, test, vi } from "vitest";
import { isJsonIn, levelOf } from "../../../sdk/logger.ts";

test("it is told level, source, whether it is a replay, and whose it is", async () => {
  const heard: [LogMetadata, ...unknown[]][] = [];
  const speaker = object({
    name: "Speaker",
    handlers: {
      speak: async (ctx: ObjectContext) => {
        ctx.console.log("before", { a: 1 });
        await ctx.sleep(20);
        ctx.console.warn("after");
        ctx.console.error();
      },
    },
  });
  const environment = await TestEnvironment.start({
    services: [speaker],
    alwaysReplay: true,
    logger: (metadata, ...said) => void heard.push([metadata, ...said]),
  });
  try {
    await environment.call("/Speaker/k/speak");
  } finally {
    await environment.stop();
  }
  expect(heard.map(([{ level, source, replaying }, ...said]) => [level, source, replaying, ...said])).toEqual(
    [
      ["info", "JOURNAL", false, "Starting invocation."],
      ["info", "USER", false, "before", { a: 1 }],
      ["info", "JOURNAL", false, "Invocation suspended."],
      ["info", "JOURNAL", true, "Replaying invocation."],
      ["info", "USER", true, "before", { a: 1 }],
      ["warn", "USER", false, "after"],
      ["error", "USER", false, undefined],
      ["info", "JOURNAL", false, "Invocation completed."],
    ],
  );
  expect(heard[0]?.[0].context).toMatchObject({
    invocationTarget: "Speaker/k/speak",
    serviceName: "Speaker",
    handlerName: "speak",
    key: "k",
    invocationId: expect.stringMatching(/^inv_/) as string,
    additionalContext: { attempt: "1" },
  });
});

afterEach(() => void vi.unstubAllEnvs());

/** What one invocation that fails once prints, in order. */
async function printed(): Promise<string[]> {
  const lines: string[] = [];
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, "write").mockImplementation((chunk) => lines.push(String(chunk)) > 0),
  );
  let attempts = 0;
  const speaker = service({
    name: "Printer",
    handlers: {
      print: async (ctx: Context) => {
        ctx.console.debug("debug");
        ctx.console.info("info");
        ctx.console.error("error");
        await ctx.run("fails once", () => {
          if (++attempts === 1) throw new Error("at first");
        });
      },
    },
    options: { retryPolicy: { initialInterval: 1 } },
  });
  const environment = await TestEnvironment.start({ services: [speaker], logs: "print" });
  try {
    await environment.call("/Printer/print");
  } finally {
    await environment.stop();
    for (const spy of spies) spy.mockRestore();
  }
  return lines
    .filter((line) => line.startsWith("[Printer/"))
    .map((line) => line.replace(/^(\[.*?\])+ /, "").trim());
}

test("without one, the handler's words are printed from info on, and the engine's not", async () => {
  vi.stubEnv("RESTATE_LOGGING", undefined);
  expect(await printed()).toEqual(["info", "error"]);
});

test("a level of the environment's is the least, for the engine's words too", async () => {
  vi.stubEnv("RESTATE_LOGGING", "WARN");
  const lines = await printed();
  expect(lines.map((line) => line.split("\n")[0])).toEqual([
    "error",
    'Step "fails once" failed. Error: at first',
    "Attempt failed. Error: at first",
  ]);
  vi.stubEnv("PERDURE_LOGGING", "debug");
  expect((await printed()).filter((line) => line === "debug")).toHaveLength(1);
});

test("where it shall be JSON, a line says of which invocation, attempt and span it is", async () => {
  vi.stubEnv("PERDURE_LOG_FORMAT", "json");
  const lines: string[] = [];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => lines.push(String(chunk)) > 0);
  const speaker = service({
    name: "Printer",
    handlers: { print: async (ctx: Context) => await Promise.resolve(ctx.console.info("said", { a: 1 })) },
  });
  const environment = await TestEnvironment.start({ services: [speaker], logs: "print" });
  const [traceId, spanId] = ["a".repeat(32), "b".repeat(16)];
  try {
    await environment.call("/Printer/print", undefined, { traceparent: `00-${traceId}-${spanId}-01` });
  } finally {
    await environment.stop();
    spy.mockRestore();
  }
  expect(JSON.parse(lines.find((line) => line.startsWith("{")) ?? "")).toEqual({
    ...{ level: "info", message: "said { a: 1 }", target: "Printer/print", attempt: 1 },
    ...{ invocation: expect.stringMatching(/^inv_1/) as string, trace_id: traceId, span_id: spanId },
  });
  expect([isJsonIn({}), isJsonIn({ AWS_LAMBDA_FUNCTION_NAME: "f" })]).toEqual([false, true]);
  expect(isJsonIn({ AWS_LAMBDA_FUNCTION_NAME: "f", PERDURE_LOG_FORMAT: "text" })).toBe(false);
});

test("what is no level is refused, with the variable's name", () => {
  expect(levelOf({ RESTATE_LOGGING: "Trace", PERDURE_LOGGING: "" })).toBe("trace");
  expect(() => levelOf({ RESTATE_LOGGING: "loud" })).toThrow(/RESTATE_LOGGING must be one of trace/);
});
