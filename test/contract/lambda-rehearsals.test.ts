/** Recorded journals against a handler's function in Lambda: what is asked, what the function does with it, and what the answers mean. */
import { type Context, service } from "perdure";
import { TestEnvironment } from "perdure/testing";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { OperationalError } from "../../lib/errors.ts";
import { RestService } from "../../lib/aws/rest-service.ts";
import type { TURN_TRACER, TurnTracer } from "../../sdk/turn/turn-trace.ts";
import { type RehearsalResponse, rehearsalRequest } from "../../lib/replay/rehearsal-request.ts";
import { LambdaRehearser } from "../../runtime/aws/lambda-rehearser.ts";
import { createLambdaHandler } from "../../sdk/lambda.ts";
import { type Answerer, carrying, jsonError } from "../support/emulator-answers.ts";

const VERSION = "arn:aws:lambda:us-east-1:000000000000:function:shop:7";
const context = { getRemainingTimeInMillis: () => 10_000 };
let effects = 0;

const shop = (step: string, hangs = false) =>
  service({
    name: "Shop",
    handlers: {
      order: async (ctx: Context, text: string) => {
        if (hangs) await new Promise(() => undefined);
        await ctx.run(step, () => ++effects);
        ctx.console.log("paid");
        await ctx.sleep({ minutes: 5 });
        return await ctx.run("ship", () => ++effects + text.length);
      },
    },
  });

/** Of one that sleeps. */
let journal = "";
beforeAll(async () => {
  const environment = await TestEnvironment.start({ services: [shop("pay")] });
  const { invocationId } = await environment.call<{ invocationId: string }>("/Shop/order/send", "tea");
  await environment.settled();
  journal = await environment.invocation(invocationId).recorded();
  await environment.stop();
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("the function", () => {
  const asked = async (code: ReturnType<typeof shop>, journals: readonly string[], by = VERSION) =>
    (await createLambdaHandler({ services: [code] })(rehearsalRequest(journals), {
      ...context,
      invokedFunctionArn: by,
    })) as RehearsalResponse;

  test("says of each journal whether its code does what is recorded, and does nothing, without tables or queues", async () => {
    const before = effects;
    const printed = vi.spyOn(console, "info");
    const { kind, replayed } = await asked(shop("pay"), [journal, journal]);
    expect(kind).toBe("rehearsed");
    expect(replayed).toMatchObject([
      { target: "Shop/order", status: "suspended", entries: 2, fits: true },
      { fits: true },
    ]);
    expect((await asked(shop("charge"), [journal])).replayed[0]).toMatchObject({
      fits: false,
      reason: expect.stringMatching(
        /recorded run "pay", but the code now does run "charge".*lambda-rehearsals\.test\.ts:\d+/,
      ) as string,
    });
    expect(effects).toBe(before);
    // What it said would look like an attempt.
    expect(printed).not.toHaveBeenCalled();
  });

  test("tells code that hangs from code that differs", async () => {
    const { replayed } = await asked(shop("pay", true), [journal]);
    expect(replayed[0]).toMatchObject({
      ...{ fits: false, isUnsure: true },
      reason: expect.stringMatching(
        /^the code (took too long|ended before it had done all that is recorded)/,
      ) as string,
    });
  }, 10_000);

  test("traces nothing", async () => {
    const name: typeof TURN_TRACER = Symbol.for("perdure.tracer") as never;
    const tracer = vi.fn<TurnTracer>();
    const traced = globalThis as { [TURN_TRACER]?: TurnTracer };
    traced[name] = tracer;
    await asked(shop("charge"), [journal]);
    delete traced[name];
    expect(tracer).not.toHaveBeenCalled();
  });

  test("is not asked by other handlers", async () => {
    vi.stubEnv("PERDURE_DIRECT_ALIAS", "calls-of-runtime");
    await expect(asked(shop("pay"), [journal], `${VERSION.slice(0, -1)}calls-of-runtime`)).rejects.toThrow(
      "other handlers may invoke this function for calls only",
    );
  });

  test.each([["no list"], [[1]], [["not a journal"]]])("refuses what is no request: %j", async (journals) => {
    await expect(asked(shop("pay"), journals as readonly string[])).rejects.toThrow(TypeError);
  });
});

describe("the registrar", () => {
  const asking = (answer: Answerer) => {
    const { http, sent } = carrying(answer);
    return { rehearser: new LambdaRehearser(new RestService(http, 1)), sent };
  };
  const answered = { id: "inv_1", target: "Shop/order", status: "suspended", entries: 1, fits: true };
  const answering = (replayed: unknown) => JSON.stringify({ kind: "rehearsed", replayed });

  test("invokes the version with the journals", async () => {
    const { rehearser, sent } = asking(() => ({ body: answering([answered]) }));
    expect(await rehearser.rehearse(VERSION, ["{}"])).toEqual([answered]);
    expect(decodeURIComponent(sent[0]?.path ?? "")).toBe(`/2015-03-31/functions/${VERSION}/invocations`);
    expect(JSON.parse(sent[0]?.body ?? "")).toEqual({ kind: "rehearse", version: 1, journals: ["{}"] });
  });

  test.each([["AccessDeniedException"], ["TooManyRequestsException"], ["ResourceNotReadyException"]])(
    "asks again after %s",
    async (name) => {
      const { rehearser } = asking(() => jsonError(name, "no", 403));
      await expect(rehearser.rehearse(VERSION, ["{}"])).rejects.toThrow(OperationalError);
    },
  );

  test.each([
    [
      { errorType: "TypeError", errorMessage: "not a Perdure request: this …" },
      /SDK is older than the runtime/,
    ],
    [{ errorType: "Error", errorMessage: "gone" }, /^the function failed: Error: gone$/],
  ])("says how the function failed: %j", async (death, reason) => {
    const { rehearser } = asking(() => ({
      body: JSON.stringify(death),
      headers: { "x-amz-function-error": "Unhandled" },
    }));
    await expect(rehearser.rehearse(VERSION, ["{}"])).rejects.toThrow(reason);
  });

  test.each([[[]], [[{ ...answered, fits: "yes" }]], [[null]], [undefined]])(
    "believes no other answer: %j",
    async (replayed) => {
      const { rehearser } = asking(() => ({ body: answering(replayed) }));
      await expect(rehearser.rehearse(VERSION, ["{}"])).rejects.toThrow("not that of a rehearsal");
    },
  );
});
