/**
 * Replay equivalence (D1, J2). A program runs through, or is suspended and replayed after every action, or fails at some and
 * is tried again. Its result and its journal are the same each time, and each of its steps runs once.
 */
import { object, service, TerminalError, type Context, type ObjectContext } from "perdure";
import { TestEnvironment } from "perdure/testing";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Action, type Disturbance, Interpreter, program } from "./program.ts";
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

interface Run {
  readonly actions: readonly Action[];
  readonly disturb: (ctx: ObjectContext, index: number) => Promise<void>;
  readonly steps: string[];
}
const runs = new Map<string, Run>();
const INJECTED = "injected";

const programs = object({
  name: "Programs",
  options: { retryPolicy: { initialInterval: 1, maxInterval: 2, maxAttempts: 10, onMaxAttempts: "kill" } },
  handlers: {
    run: async (ctx: ObjectContext) => {
      const { actions, disturb, steps } = runs.get(ctx.key) ?? {
        actions: [],
        disturb: async () => undefined,
        steps: [],
      };
      const disturbance: Disturbance = { after: disturb, ran: (step) => void steps.push(step) };
      return await new Interpreter(ctx, echo, disturbance).run(actions);
    },
  },
});

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await TestEnvironment.start({ services: [echo, programs], alwaysReplay: true });
});
afterAll(async () => await environment.stop());

interface Outcome {
  readonly result: unknown;
  /** Commands in the order of the code, without those that the test has inserted. */
  readonly commands: readonly string[];
  readonly steps: readonly string[];
  readonly state: unknown;
}

let count = 0;
async function outcomeOf(actions: readonly Action[], disturb: Run["disturb"]): Promise<Outcome> {
  const key = `run${++count}`;
  const steps: string[] = [];
  runs.set(key, { actions, disturb, steps });
  const response = await environment.request(`/Programs/${key}/run`);
  const result: unknown = JSON.parse(new TextDecoder().decode(response.body));
  if (response.status !== 200) throw new Error(JSON.stringify(result));
  const id = response.headers["x-restate-id"] ?? "";
  const { entries } = await json<{ entries: { type: string; name?: string; command?: number }[] }>(
    `/invocations/${id}/journal`,
  );
  const commands = entries
    .filter((entry) => entry.command !== undefined && entry.type !== "completion" && entry.name !== INJECTED)
    .toSorted((a, b) => (a.command ?? 0) - (b.command ?? 0))
    // A read is logged only if something follows it (R4).
    .filter(({ type }) => !["get", "stateKeys"].includes(type))
    .map(({ type, name }) => `${type} ${name ?? ""}`);
  return { result, commands, steps: steps.toSorted(), state: await json(`/services/Programs/state/${key}`) };
}

async function json<T>(path: string): Promise<T> {
  const { status, body } = await environment.admin(path);
  if (status !== 200) throw new Error(`${path} answered ${status}`);
  return JSON.parse(new TextDecoder().decode(body)) as T;
}

const through: Run["disturb"] = async () => undefined;
const suspending: Run["disturb"] = async (ctx) => await ctx.sleep(0, INJECTED);
/** Fails once after each of these actions. */
function failing(at: readonly number[]): Run["disturb"] {
  const left = new Set(at);
  return async (_ctx, index) => {
    if (left.delete(index)) throw new Error(`disturbed after ${index}`);
  };
}
function both(at: readonly number[]): Run["disturb"] {
  const fail = failing(at);
  return async (ctx, index) => {
    await suspending(ctx, index);
    await fail(ctx, index);
  };
}

/** Without parts that may differ: a state view may name its key. */
const comparable = ({ result, commands, steps, state }: Outcome, key = /run\d+/g): object => ({
  result,
  commands,
  steps,
  state: JSON.stringify(state).replaceAll(key, "key"),
});

test("run through, suspended, and tried again: the same", { timeout: 20_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(program, fc.uniqueArray(fc.nat(7), { maxLength: 3 }), async (actions, failures) => {
      const outcomes = await Promise.all([
        outcomeOf(actions, through),
        outcomeOf(actions, suspending),
        outcomeOf(actions, failing(failures)),
        outcomeOf(actions, both(failures)),
      ]);
      const [expected, ...others] = outcomes.map((outcome) => comparable(outcome));
      for (const other of others) expect(other).toEqual(expected);
      expect(new Set(outcomes[0]?.steps).size).toBe(outcomes[0]?.steps.length);
    }),
    { numRuns: tries(20, 80), endOnFailure: false },
  );
});
