/** `everyCrashPoint`: which faults are tried, what is found, and what is said of it. */
import { type Context, object, type ObjectContext, service, workflow, type WorkflowContext } from "perdure";
import { CrashPointError, everyCrashPoint, type Fault, TestEnvironment } from "perdure/testing";
import { expect, test, vi } from "vitest";

// Each runs a test many times.
vi.setConfig({ testTimeout: 60_000 });

/** A provider outside: one that knows keys takes a charge once. */
class Bank {
  readonly charged: number[] = [];
  readonly #keys = new Set<string>();

  charge(cents: number, key?: string): void {
    if (key !== undefined && this.#keys.has(key)) return;
    if (key !== undefined) this.#keys.add(key);
    this.charged.push(cents);
  }
}

const shop = (bank: Bank, isKeyed: boolean) =>
  object({
    name: "Shop",
    handlers: {
      buy: async (ctx: ObjectContext, cents: number) => {
        const key = ctx.rand.uuidv4();
        await ctx.run("charge", () => bank.charge(cents, isKeyed ? key : undefined));
        const sum = ((await ctx.get<number>("sum")) ?? 0) + cents;
        ctx.set("sum", sum);
        return sum;
      },
    },
  });

const buying = (isKeyed: boolean) => async () => {
  const bank = new Bank();
  await using environment = await TestEnvironment.start({ services: [shop(bank, isKeyed)] });
  await environment.call("Shop/ada/buy", 500);
  return bank.charged;
};

async function foundIn(run: Promise<unknown>): Promise<CrashPointError> {
  const thrown: unknown = await run.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof CrashPointError) return thrown;
  throw new Error(`no fault was found: ${String(thrown)}`);
}

test("a step with a key of its own survives every fault; each request is tried with each fault", async () => {
  const { points, runs } = await everyCrashPoint(buying(true));
  // The step with the state, and the result.
  expect({ points, runs }).toEqual({ points: 2, runs: 2 + 4 * points });
});

test("a step without one is found: the fault, the handler's line, the step, and both outcomes are said", async () => {
  const { failures, message } = await foundIn(everyCrashPoint(buying(false)));
  expect(failures).toContainEqual({
    ...{ fault: "crash-before", request: 0, repeated: ["charge"] },
    at: expect.stringMatching(
      /^the process dies before the append of run "charge", set "sum", in Shop\/ada\/buy, at .*every-crash-point\.test\.ts:\d+/u,
    ),
    difference: "the test returned [ 500, 500 ], and [ 500 ] without the fault",
  });
  expect(message).toContain('Step "charge" has run again');
  expect(message).toContain("What happened with the first fault:");
  expect(message).toContain("Shop/ada/buy");
});

test.each<Fault>(["crash-before", "delivered-twice"])("%s alone finds it", async (fault) => {
  const { failures, report } = await foundIn(everyCrashPoint(buying(false), { faults: [fault] }));
  expect(failures.map((failure) => failure.fault)).toEqual([fault]);
  expect(report.runs).toBe(2 + report.points);
});

test("a step whose result is recorded does not run again: its process dies after, or does not hear of it", async () => {
  await everyCrashPoint(buying(false), { faults: ["crash-after", "answer-lost"] });
});

test("how invocations end is compared, too, unless asked otherwise", async () => {
  const inbox = service({
    name: "Inbox",
    handlers: { put: async (_ctx: Context, text: string) => text },
  });
  let count = 0;
  const sender = service({
    name: "Sender",
    handlers: {
      // What is sent differs from attempt to attempt.
      go: async (ctx: Context) => {
        ctx.serviceSendClient(inbox).put(`attempt ${await ctx.run("count", () => ++count)}`);
        return "sent";
      },
    },
  });
  const { failures } = await foundIn(
    everyCrashPoint(
      async (environment) => {
        count = 0;
        return await environment.call<string>("Sender/go");
      },
      { services: [inbox, sender] },
    ),
  );
  expect(failures[0]?.difference).toContain("it ended otherwise");
  await everyCrashPoint(
    async (environment) => {
      count = 0;
      return await environment.call<string>("Sender/go");
    },
    { services: [inbox, sender], compare: "returned" },
  );
});

const greeter = service({
  name: "Greeter",
  handlers: {
    greet: async (ctx: Context, name: string) => await ctx.run("greet", () => `hello ${name}`),
  },
});

const signup = workflow({
  name: "Signup",
  handlers: {
    run: async (ctx: WorkflowContext, name: string) => {
      const { id, promise } = ctx.awakeable<string>("approval");
      await ctx.run("ask", () => id);
      const answer = await promise.orTimeout({ days: 2 }).catch(() => "nobody");
      await ctx.sleep({ days: 1 });
      const hellos = await Promise.all([
        ctx.serviceClient(greeter).greet(name),
        ctx.serviceClient(greeter).greet(answer),
      ]);
      ctx.set("done", hellos.length);
      await ctx.promise<string>("over").resolve(answer);
      return hellos;
    },
    over: async (ctx: WorkflowContext) => await ctx.promise<string>("over"),
  },
});

test(
  "sleeps, awakeables, calls, promises and time-outs survive every fault",
  { timeout: 60_000 },
  async () => {
    const report = await everyCrashPoint(
      async (environment) => {
        const over = environment.workflow(signup, "ada").over();
        const running = environment.workflow(signup, "ada").run("Ada");
        await (await environment.awakeable("approval")).resolve("Grace");
        expect(await running).toEqual(["hello Ada", "hello Grace"]);
        return await over;
      },
      { services: [greeter, signup] },
    );
    expect(report.points).toBeGreaterThan(10);
  },
);

test("what the test throws without a fault is thrown as it is", async () => {
  await expect(everyCrashPoint(() => Promise.reject(new Error("a failed assertion")))).rejects.toThrow(
    /^a failed assertion$/u,
  );
});

test("a test that differs from run to run is told so", async () => {
  let count = 0;
  await expect(everyCrashPoint(async () => await Promise.resolve(count++))).rejects.toThrow(
    /comes to something else in a second run, without any fault: the test returned 1, and 0/u,
  );
});

test("an assertion that fails with a fault is what is said", async () => {
  const { failures } = await foundIn(
    everyCrashPoint(async () => {
      const bank = new Bank();
      await using environment = await TestEnvironment.start({ services: [shop(bank, false)] });
      await environment.call("Shop/ada/buy", 500);
      expect(bank.charged).toEqual([500]);
    }),
  );
  expect(failures[0]?.difference).toMatch(/^the test threw AssertionError: expected \[ 500, 500 \]/u);
});

test("two of them at once, and environments beside them, do not meet", async () => {
  await using beside = await TestEnvironment.start({ services: [shop(new Bank(), true)] });
  const [good, bad, plain] = await Promise.all([
    everyCrashPoint(buying(true)),
    foundIn(everyCrashPoint(buying(false))),
    beside.call("Shop/ada/buy", 7),
  ]);
  expect([good.points, bad.report.points, plain]).toEqual([2, 2, 7]);
});

test("no test is no test", async () => {
  await expect(everyCrashPoint(undefined as never)).rejects.toThrow("the test is no function");
});

test("a time that is taken again is the same: a message of a dead process comes at once", async () => {
  const lease = object({
    name: "Lease",
    handlers: { sign: async (ctx: ObjectContext) => ctx.set("at", await ctx.date.now()) },
  });
  const { runs } = await everyCrashPoint(async (environment) => await environment.call("Lease/a/sign"), {
    services: [lease],
  });
  expect(runs).toBeGreaterThan(2);
});

test("what was forgotten at the end is compared all the same, whatever held it up", async () => {
  const nap = workflow({
    name: "Nap",
    handlers: { run: async (ctx: WorkflowContext, days: number) => await ctx.sleep({ days }) },
  });
  const { points } = await everyCrashPoint(
    async (environment) => {
      await environment.workflow(nap, "short").run(0);
      // As long as the other one is retained.
      await environment.workflow(nap, "long").run(1);
    },
    { services: [nap] },
  );
  expect(points).toBeGreaterThan(2);
});

test("a test that nothing lets go on ends, and says what is open", async () => {
  const broken = service({
    name: "Broken",
    handlers: {
      run: async (ctx: Context) => {
        await ctx.run("fail", () => {
          throw new Error("there is no disk");
        });
      },
    },
  });
  await expect(
    everyCrashPoint(async (environment) => await environment.call("Broken/run"), { services: [broken] }),
  ).rejects.toThrow(
    /^nothing lets the test go on, which awaits an invocation\nBroken\/run is paused: \[500\] there is no disk/u,
  );
});

test("a test without an end ends, and says what is open", { timeout: 30_000 }, async () => {
  const poll = service({
    name: "Poll",
    handlers: {
      run: async (ctx: Context) => {
        for (;;) await ctx.sleep({ hours: 1 });
      },
    },
  });
  await expect(
    everyCrashPoint(async (environment) => await environment.call("Poll/run"), { services: [poll] }),
  ).rejects.toThrow(/^the test has not ended after \d+ (?:timers\nPoll\/run is suspended|s$)/u);
});

test("where calls meet, another order is not taken for a repetition", async () => {
  const line = object({
    name: "Line",
    handlers: {
      next: async (ctx: ObjectContext) => {
        const number = ((await ctx.get<number>("number")) ?? 0) + 1;
        ctx.set("number", number);
        return number;
      },
    },
  });
  const person = service({
    name: "Person",
    handlers: {
      queue: async (ctx: Context, name: string) => `${name} ${await ctx.objectClient(line, "a").next()}`,
    },
  });
  const twoPeople = async (environment: TestEnvironment): Promise<number> => {
    const { queue } = environment.service(person);
    return (await Promise.all([queue("ada"), queue("bob")])).length;
  };
  const { message } = await foundIn(everyCrashPoint(twoPeople, { services: [line, person] }));
  expect(message).toContain('compare: "returned"');
  await everyCrashPoint(twoPeople, { services: [line, person], compare: "returned" });
});
