import { describe, expect, test } from "vitest";
import { AnswerFields } from "../../../lib/answer-fields.ts";
import { kindsOfErrors, waysOf } from "../../../ui/pages/invocation/model/attempts.ts";
import { lockOf, ordinal, placeIn } from "../../../ui/pages/invocation/model/lock.ts";
import { mismatchIn } from "../../../ui/pages/invocation/model/mismatch.ts";
import { keptOf, policyInWords, policyOf } from "../../../ui/pages/invocation/model/policy.ts";
import { plainText } from "../../../ui/words/pieces.ts";
import { badgeMore, causeOf, type Said, sentenceOf } from "../../../ui/pages/invocation/model/sentence.ts";
import { framesIn } from "../../../ui/pages/invocation/model/stack.ts";
import { chainStep, followChain } from "../../../ui/pages/invocation/model/chain.ts";
import type { Story } from "../../../ui/pages/invocation/model/story.ts";
import { waitingOf } from "../../../ui/words/wait.ts";
import { at, ended, step, story, T0, turns } from "./stories.ts";

const said = (of: Story, now: number, more: Partial<Said> = {}): Said => ({
  story: of,
  nowMs: T0 + now,
  ...more,
});
const sentence = (of: Story, now: number, more: Partial<Said> = {}): string =>
  plainText(sentenceOf(said(of, now, more)));

describe("the sentence", () => {
  test("retrying: which step, how often, when next, and what comes after the last attempt", () => {
    const retrying = story({
      head: {
        ...{ status: "backing-off", retry_count: 6, next_retry_at: at(80_000), last_failure: "no" },
        ...{ last_failure_related_command_type: "run", last_failure_related_command_name: "charge card" },
      },
      entries: [step(0, "price", 10, 50)],
    });
    const policy = { attemptsMax: 20, pausesAtLast: true };
    expect(sentence(retrying, 68_000, { policy })).toMatch(
      /^The step “charge card” has failed 6 times and is tried again at [\d:]+, in 12 s\. After attempt 20 it pauses and waits for you\.$/,
    );
    expect(badgeMore(said(retrying, 68_000))).toBe(", again in 12 s");
    expect(plainText(causeOf(said(retrying, 68_000)))).toBe(
      "Called over HTTP 1 min 8 s ago. Everything before “charge card” is recorded and will not run again.",
    );
  });

  test("started by a record: of which subscription", () => {
    const born = story({
      head: { status: "running", invoked_by: "subscription", invoked_by_subscription_id: "sub_1a" },
    });
    expect(plainText(causeOf(said(born, 68_000)))).toContain("A record of sub_1a came 1 min 8 s ago.");
  });

  test("suspended: what it waits for, by the user's own names, and until when", () => {
    const suspended = story({
      head: {
        status: "suspended",
        waiting_for: {
          kind: "race",
          parts: [
            { kind: "promise", name: "email-verified", command: 1 },
            { kind: "sleep", command: 2, due_at: at(60_000) },
          ],
        },
      },
      entries: [{ type: "sleep", command: 2, name: "give up", due_at: at(60_000) }],
    });
    expect(sentence(suspended, 0)).toMatch(
      /^Waits for the promise “email-verified”, or the timer “give up” at [\d:]+ \(in 1 min\), whichever comes first\.$/,
    );
    expect(badgeMore(said(suspended, 0))).toBe(", waits for a promise");
  });

  test("suspended on a server that has no tree of it: what is open in the journal", () => {
    const entries = [
      { type: "signal", command: 0, awakeable_id: "sign_1abc" },
      { type: "signal", command: 1, signal: "go" },
      { type: "signalled", signal: "go", result: { value: "1" } },
    ];
    expect(sentence(story({ head: { status: "suspended" }, entries }), 0)).toBe("Waits for an awakeable.");
  });

  test("parked: its place in the queue of the key", () => {
    const lock = lockOf(
      new AnswerFields(
        {
          owner: { invocation_id: "inv_1o" },
          waiting: ["inv_1a", "inv_1storystorystory"],
          waiting_count: 12,
        },
        "lock",
      ),
    );
    const parked = story({ head: { status: "pending" } });
    expect(sentence(parked, 5000, { lock })).toBe(
      "Has not begun. It waits for the key o1 as 2nd of 12, for 5 s. One invocation after the other has the key, in the order of arrival.",
    );
    expect(placeIn(lock, "inv_1a")).toBe(1);
  });

  test("paused: since when and why, and that it needs a person", () => {
    const head = {
      status: "paused",
      retry_count: 3,
      last_failure: "no template\n    at x",
      modified_at: at(0),
    };
    expect(sentence(story({ head }), 63_000)).toMatch(
      /^Paused since [\d:]+, for 1 min 3 s, after 3 failed attempts: no template\. It will not go on by itself\.$/,
    );
    const last_failure =
      'Journal mismatch at operation 3 of 5 recorded: the journal recorded run "charge", but the code now does ' +
      'sleep "wait", at placeOrder (/app/src/order.ts:41:15). (RT0016)';
    const mismatch = { ...head, last_failure, last_failure_error_code: "RT0016" };
    expect(sentence(story({ head: mismatch }), 63_000)).toContain(
      'the code no longer does what the journal recorded. Operation 3 was run "charge", and is now sleep "wait". It will',
    );
    expect(mismatchIn(last_failure)?.where).toBe("placeOrder (/app/src/order.ts:41:15)");
    expect(mismatchIn("something else")).toBeUndefined();
  });

  test("completed: how long, and that a crash on the way did no harm", () => {
    const done = story({
      head: ended(1900, {
        attempts: turns(
          { from: 10, to: 600, outcome: "died" },
          { from: 1100, to: 1900, outcome: "completed" },
        ),
      }),
      entries: [step(0, "charge", 50, 500), step(1, "mail", 1200, 1800)],
      journal: { output: { value: '"Hello"' } },
    });
    expect(sentence(done, 5000)).toBe(
      "Returned a result after 1.9 s. On the way its process crashed once, after “charge” was recorded. " +
        "What was recorded was taken from the journal and did not run again.",
    );
    expect(badgeMore(said(done, 5000))).toBe(" in 1.9 s");
  });

  test("failed and cancelled are told apart, and killed from cancelled", () => {
    const failed = (text: string) => story({ head: ended(1000, { completion_failure: text }) });
    expect(sentence(failed("[422] card declined"), 2000)).toBe("Failed with 422 after 1 s: card declined.");
    expect(sentence(failed("[409] cancelled"), 2000)).toBe("Cancelled after 1 s.");
    expect(sentence(failed("[409] killed"), 2000)).toBe("Killed after 1 s.");
  });

  test("what names hide is shown", () => {
    const head = { status: "pending", target_service_key: "a\u202Eb" };
    expect(sentence(story({ head }), 0)).toContain("a⟨U+202E⟩b");
  });
});

test.each([
  [1, "1st"],
  [2, "2nd"],
  [3, "3rd"],
  [11, "11th"],
  [22, "22nd"],
  [113, "113th"],
])("%d is the %s", (count, text) => expect(ordinal(count)).toBe(text));

test("a stack has the user's lines first, without the machine's folders", () => {
  const stack = [
    "Error: connect ECONNREFUSED",
    "    at charge (/home/ada/shop/src/payments.ts:28:24)",
    "    at async <anonymous> (file:///home/ada/shop/src/order.ts:41:29)",
    "    at runStep (/home/ada/shop/node_modules/perdure/dist/sdk/turn/step.js:7:9)",
    "    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)",
  ].join("\n");
  expect(framesIn(stack).map(({ isMine, name, place }) => [isMine, name, place])).toEqual([
    [true, "charge", "src/payments.ts:28:24"],
    [true, "", "src/order.ts:41:29"],
    [false, "runStep", expect.stringContaining("step.js:7:9")],
    [false, "process.processTicksAndRejections", "node:internal/process/task_queues:104:5"],
  ]);
});

test("errors that differ in numbers only are one kind", () => {
  const { attempts } = story({
    head: {
      attempts: turns(
        { from: 0, to: 1, outcome: "failed", error: "timed out after 1200 ms" },
        { from: 2, to: 3, outcome: "failed", error: "ECONNREFUSED 10.0.3.17:8443" },
        { from: 4, to: 5, outcome: "failed", error: "ECONNREFUSED 10.0.3.18:8443" },
      ),
    },
  });
  expect([...kindsOfErrors(attempts).values()].map(({ length }) => length)).toEqual([1, 2]);
  expect(waysOf(attempts)).toEqual({
    others: [attempts[0]],
    words: "2 attempts failed in this way, 1 otherwise.",
  });
  const old = story({ head: { attempts: turns({ from: 0, to: 1, outcome: "failed" }) } }).attempts;
  expect(waysOf([...old, ...attempts.slice(2)]).words).toBe(
    "The last one failed in this way. The messages of one before are not kept.",
  );
});

test("the chain goes on to what is awaited alone, and ends at a timer", () => {
  const { invocation } = story({ head: { status: "suspended" } });
  const wait = (value: object) => waitingOf(new AnswerFields(value, "wait"));
  const call = { kind: "call", command: 0, invoked_id: "inv_1callee" };
  expect(chainStep(invocation, wait(call), undefined).nextId).toBe("inv_1callee");
  const race = { kind: "race", parts: [call, { kind: "sleep", due_at: at(1000) }] };
  expect(chainStep(invocation, wait(race), undefined).nextId).toBeUndefined();
  expect(chainStep(invocation, undefined, "inv_1owner").nextId).toBe("inv_1owner");
});

test("a ring of those who wait for each other is found, and a long chain has an end", async () => {
  const { invocation } = story({ head: { status: "suspended" } });
  const waitsFor = (next: Readonly<Record<string, string>>) => async (id: string) =>
    await Promise.resolve({ invocation, nextId: next[id] });
  const ring = await followChain("a", "b", waitsFor({ b: "c", c: "a" }));
  expect([ring.links.length, ring.isRing]).toEqual([2, true]);
  const open = await followChain("a", "b", waitsFor({ b: "c" }));
  expect([open.links.length, open.isRing]).toEqual([2, false]);
  const gone = await followChain("a", "b", async () => await Promise.resolve(undefined));
  expect(gone).toEqual({ links: [], isRing: false });
  const long = await followChain(
    "0",
    "1",
    async (id) => await Promise.resolve({ invocation, nextId: String(Number(id) + 1) }),
  );
  expect([long.links.length, long.isRing]).toEqual([8, false]);
});

test("a handler's own settings come before those of its service", () => {
  const fields = new AnswerFields(
    {
      retry_policy: {
        initial_interval: "50ms",
        max_attempts: 70,
        max_interval: "1m",
        on_max_attempts: "Pause",
      },
      journal_retention: "1d",
    },
    "service",
  );
  const own = new AnswerFields({ retry_policy: { max_attempts: 1 }, journal_retention: "2d" }, "handler");
  const service = { fields, handlers: [{ name: "own", fields: own }] };
  const inWords = (handler: string): string => {
    const policy = policyOf(service, handler);
    return policy === undefined ? "" : policyInWords(policy);
  };
  expect(inWords("own")).toBe("50ms × 2, at most 1m, 1 attempt, then pause");
  expect(inWords("other")).toBe("50ms × 2, at most 1m, 70 attempts, then pause");
  expect([keptOf(service, "own"), keptOf(service, "other")]).toEqual(["2d", "1d"]);
});
