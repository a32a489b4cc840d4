/** Matchers of invocations, for vitest and Jest, and the same as assertions. */
import { AssertionError } from "node:assert";
import { service, TerminalError, type Context } from "perdure";
import { assertInvocation, journalOf, matchers, TestEnvironment } from "perdure/testing";
// oxlint-disable-next-line import/no-unassigned-import -- it gives `expect` the matchers
import "perdure/testing/vitest";
import { expect, test } from "vitest";

const shop = service({
  name: "Shop",
  handlers: {
    buy: async (ctx: Context, item: string) => {
      const receipt = await ctx.run("charge", () => ({ id: crypto.randomUUID(), at: Date.now(), item }));
      await ctx.sleep({ days: 14 }, "the right to return it");
      return receipt.item;
    },
    ask: async (ctx: Context) => await ctx.awakeable<string>("approval").promise.orTimeout({ hours: 1 }),
    refuse: async (_ctx: Context) => {
      throw new TerminalError("sold out", { errorCode: 410 });
    },
  },
});

async function bought(environment: TestEnvironment) {
  const { invocationId } = await environment.client.serviceSendClient(shop).buy("tea");
  await environment.settled();
  return environment.invocation(invocationId);
}

test("what an invocation has done, and what it waits for", async () => {
  await using environment = await TestEnvironment.start({ services: [shop] });
  const began = environment.now().getTime();
  const invocation = await bought(environment);
  await expect(invocation).toHaveRun("charge");
  await expect(invocation).toHaveRun("charge", 1);
  await expect(invocation).not.toHaveRun("refund");
  await expect(invocation).toBeSuspended();
  await expect(invocation).toBeSuspended("the right to return it");
  await expect(invocation).toBeSuspendedUntil(new Date(began + 14 * 86_400_000 + 100));
  await expect(invocation).not.toHaveCompleted();
  await environment.skip("14d");
  await expect(invocation).toHaveCompleted();
  await expect(invocation).toHaveCompletedWith("tea");
  await expect(invocation).toHaveCompletedWith(expect.stringMatching(/^t/u));
  await expect(invocation).not.toHaveFailed();
  await expect(invocation).toMatchJournal([
    "run charge: …",
    "sleep the right to return it, 14 d",
    "sleep the right to return it is over",
  ]);
  expect(await journalOf(invocation, { mask: [/tea/u] })).toEqual([
    'run charge: {"id":"<uuid>","at":<time>,"item":"…"}',
    "sleep the right to return it, 14 d",
    "sleep the right to return it is over",
  ]);
});

test("failures, and what is awaited with a limit", async () => {
  await using environment = await TestEnvironment.start({ services: [shop] });
  const { invocationId } = await environment.client.serviceSendClient(shop).refuse();
  const refused = environment.invocation(invocationId);
  await environment.settled();
  await expect(refused).toHaveFailed();
  await expect(refused).toHaveFailedWith("sold");
  await expect(refused).toHaveFailedWith(/out$/u);
  await expect(refused).toHaveFailedWith(410);
  await expect(refused).not.toHaveFailedWith(500);
  const asked = await environment.client.serviceSendClient(shop).ask();
  await environment.settled();
  const asking = environment.invocation(asked.invocationId);
  await expect(asking).toBeSuspended("awakeable approval");
  await expect(asking).toBeSuspendedUntil(new Date(environment.now().getTime() + 3_600_000));
});

test("words of those that fail, and of assertions", async () => {
  await using environment = await TestEnvironment.start({ services: [shop] });
  const invocation = await bought(environment);
  const wordsOf = async (failing: Promise<void>): Promise<string> => {
    const error: unknown = await failing.catch((thrown: unknown) => thrown);
    return (error as Error).message.replaceAll(/inv_1\w+/gu, "inv_…").replaceAll(/\d{4}-\S+Z/gu, "<time>");
  };
  expect(await wordsOf(expect(invocation).toHaveRun("charge", 2))).toBe(
    "inv_… should have run the step 'charge' 2 times, and has once; it has run charge",
  );
  expect(await wordsOf(expect(invocation).not.toHaveRun("charge"))).toBe(
    "inv_… should not have run the step 'charge' at least once; it has run charge",
  );
  expect(await wordsOf(expect(invocation).toHaveCompletedWith("tea"))).toBe(
    'inv_… should have completed with "tea", and is suspended',
  );
  expect(await wordsOf(expect(invocation).toBeSuspended("approval"))).toBe(
    "inv_… should be suspended on approval, and waits for sleep the right to return it",
  );
  expect(await wordsOf(expect(invocation).toBeSuspendedUntil("2030-01-01T00:00:00Z"))).toBe(
    "inv_… should be suspended until <time>, and is suspended until <time>",
  );
  expect(await wordsOf(expect(invocation).toMatchJournal(["run pay"]))).toMatch(
    /^The journal of inv_…:\n {2}run charge: .*\n {2}sleep the right to return it, 14 d\nshould be:\n {2}run pay$/u,
  );
  expect(await wordsOf(matchers.toHaveFailed.call({}, 5) as Promise<never>)).toBe(
    "expected an invocation of a test environment, such as environment.invocation(id); got number",
  );
  await assertInvocation.hasRun(invocation, "charge", 1);
  await assertInvocation.isSuspended(invocation, "sleep");
  await assertInvocation.isSuspendedUntil(
    invocation,
    new Date(environment.now().getTime() + 14 * 86_400_000),
  );
  await assertInvocation.matchesJournal(invocation, ["run charge: …", "sleep the right to return it, 14 d"]);
  const error: unknown = await assertInvocation.hasCompleted(invocation).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AssertionError);
  expect((error as Error).message).toMatch(/should have completed, and is suspended$/u);
  await environment.skip("14d");
  await assertInvocation.hasCompleted(invocation);
  await assertInvocation.hasCompletedWith(invocation, "tea");
  await expect(assertInvocation.hasFailed(invocation)).rejects.toThrow(
    /should have failed, and has completed with "tea"/u,
  );
});
