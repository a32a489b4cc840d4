/**
 * L1 with an operator at work. Random programs are cancelled, killed, paused and resumed at random moments. All of them end,
 * their keys are free afterwards, and nothing is left behind.
 */
import { object, service, TerminalError, type Context, type ObjectContext } from "perdure";
import { TestEnvironment } from "perdure/testing";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Action, Interpreter, program } from "./program.ts";
import { tries } from "./tries.ts";

const echo = service({
  name: "Echo",
  handlers: {
    after: async (ctx: Context, { value, ms, ok }: { value: number; ms: number; ok: boolean }) => {
      if (ms > 0) await ctx.sleep(ms);
      if (!ok) throw new TerminalError(`no ${value}`, { errorCode: 418 });
      return value;
    },
  },
});

const programs = new Map<string, readonly Action[]>();
const running = new Map<string, number>();
let overlaps = 0;

const operated = object({
  name: "Operated",
  handlers: {
    run: async (ctx: ObjectContext) => {
      const through = { after: async () => await ctx.sleep(0), ran: () => undefined };
      return await new Interpreter(ctx, echo, through).run(programs.get(ctx.key) ?? []);
    },
    /** W1: no other invocation of the key is between begin and end. */
    alone: async (ctx: ObjectContext) => {
      await ctx.run("begin", () => {
        const now = (running.get(ctx.key) ?? 0) + 1;
        running.set(ctx.key, now);
        if (now > 1) overlaps++;
      });
      await ctx.sleep(1);
      await ctx.run("end", () => void running.set(ctx.key, 0));
      return "free";
    },
  },
});

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await TestEnvironment.start({ services: [echo, operated], alwaysReplay: true });
});
afterAll(async () => await environment.stop());

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
const parse = ({ body }: { body: Uint8Array }): unknown => JSON.parse(new TextDecoder().decode(body));

type Deed = "cancel" | "kill" | "pause" | "resume";
const deeds = fc.array(
  fc.record({ deed: fc.constantFrom<Deed>("cancel", "kill", "pause", "resume"), afterMs: fc.nat(8) }),
  { minLength: 1, maxLength: 4 },
);

async function operate(id: string, does: readonly { deed: Deed; afterMs: number }[]): Promise<void> {
  for (const { deed, afterMs } of does) {
    await pause(afterMs);
    await environment.admin(`/invocations/${id}/${deed}`, "PATCH");
  }
}

/** Resumes a paused invocation until it has ended. */
async function endOf(id: string): Promise<number> {
  const endMs = Date.now() + 3000;
  for (;;) {
    const { status } = await environment.request(`/restate/output/${id}`, undefined, {}, "GET");
    if (status !== 470) return status;
    if (Date.now() > endMs) {
      const view = new TextDecoder().decode((await environment.admin(`/invocations/${id}`)).body);
      const journal = new TextDecoder().decode((await environment.admin(`/invocations/${id}/journal`)).body);
      throw new Error(`${id} does not end: ${view} ${journal}`);
    }
    await environment.admin(`/invocations/${id}/resume`, "PATCH");
    await pause(3);
  }
}

let count = 0;
test("whatever is done to them, they end", { timeout: 20_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(program, deeds, async (actions, does) => {
      const key = `key${++count}`;
      programs.set(key, actions);
      const sent = parse(await environment.request(`/Operated/${key}/run/send`)) as { invocationId: string };
      const behind = environment.call(`/Operated/${key}/alone`);
      await operate(sent.invocationId, does);
      expect(await endOf(sent.invocationId)).toBeGreaterThanOrEqual(200);
      expect(await behind).toBe("free");
      expect(await environment.call(`/Operated/${key}/alone`)).toBe("free");
    }),
    { numRuns: tries(30, 120), endOnFailure: false },
  );
  expect(overlaps).toBe(0);
});

test("and nothing is left: no call that hangs, no lock", { timeout: 5000 }, async () => {
  const open = "scheduled,pending,ready,running,suspended,backing-off,paused";
  const endMs = Date.now() + 3000;
  for (;;) {
    const { invocations } = parse(await environment.admin(`/invocations?limit=1000&status=${open}`)) as {
      invocations: unknown[];
    };
    if (invocations.length === 0) return;
    if (Date.now() > endMs) expect(invocations).toEqual([]);
    await pause(10);
  }
});
