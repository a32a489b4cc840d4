/** Timers beyond the delay queue. EventBridge Scheduler has no emulator, so the test looks at the requests. */
import { describe, expect, test } from "vitest";
import { JsonService } from "../../lib/aws/json-service.ts";
import { RestService } from "../../lib/aws/rest-service.ts";
import { sqsRequests } from "../../lib/aws/sqs-requests.ts";
import { SqsTimers } from "../../runtime/aws/sqs-timers.ts";
import { parseTimer } from "../../lib/aws/timer-message.ts";
import { type Answerer, carrying, connectionReset, jsonError } from "../support/emulator-answers.ts";
import { outgoing } from "./mailbox-suite.ts";

const NOW_MS = Date.parse("2026-11-22T10:00:30.500Z");
const MINUTE_MS = 60_000;
const QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:timers";
const DEAD_LETTERS_ARN = `${QUEUE_ARN}-dead`;

const scheduled: Answerer = () => ({ body: '{"ScheduleArn":"arn"}' });

function timersAnswering(scheduler: Answerer = scheduled, delayQueueMsMax?: number) {
  const far = carrying(scheduler);
  const near = carrying(() => ({ body: '{"MessageId":"1"}' }));
  const timers = new SqsTimers({
    sqs: sqsRequests(new JsonService(near.http, "AmazonSQS")),
    scheduler: new RestService(far.http, 1),
    delayQueueUrl: "http://127.0.0.1:1/0/timers",
    delayQueueArn: QUEUE_ARN,
    deadLettersArn: DEAD_LETTERS_ARN,
    scheduleGroup: "perdure",
    schedulerRoleArn: "arn:aws:iam::000000000000:role/scheduler",
    clock: { now: () => NOW_MS },
    ...(delayQueueMsMax === undefined ? {} : { delayQueueMsMax }),
  });
  const schedule = (afterMs: number, message = outgoing("g", "x")) =>
    timers.schedule({ atMs: NOW_MS + afterMs, message });
  const delaysSent = (): unknown[] =>
    near.sent.map(({ body }) => (JSON.parse(body) as Record<string, unknown>)["DelaySeconds"]);
  return { timers, schedule, near: near.sent, far: far.sent, delaysSent };
}

describe("the near leg", () => {
  test.each([
    [-1000, 0],
    [0, 0],
    [1, 1],
    [1000, 1],
    [1001, 2],
    [15 * MINUTE_MS, 900],
  ])("due in %d ms: a delay of %d seconds", async (afterMs, seconds) => {
    const { schedule, delaysSent, far } = timersAnswering();
    await schedule(afterMs);
    expect(delaysSent()).toEqual([seconds]);
    expect(far).toEqual([]);
  });

  test("carries what the mailbox will get, and when", async () => {
    const { schedule, near } = timersAnswering();
    const message = outgoing("group", "body \uFFFF", "dedup");
    await schedule(5000, message);
    const { MessageBody } = JSON.parse(near[0]?.body ?? "{}") as { MessageBody: string };
    expect(MessageBody).not.toContain("\uFFFF");
    expect(parseTimer(MessageBody)).toEqual({ atMs: NOW_MS + 5000, message });
  });
});

describe("the far leg", () => {
  test("past the delay queue's reach: one schedule, a minute or two early, that deletes itself", async () => {
    const { schedule, near, far } = timersAnswering();
    const message = outgoing("group", "body", "dedup");
    await schedule(20 * MINUTE_MS, message);
    expect(near).toEqual([]);
    expect(far).toHaveLength(1);
    expect(far[0]?.path).toMatch(/^\/schedules\/t-[\w-]{32}$/);
    const { Target, ...request } = JSON.parse(far[0]?.body ?? "{}") as { Target: { Input: string } };
    expect(request).toMatchObject({
      GroupName: "perdure",
      ScheduleExpression: "at(2026-11-22T10:19:00)",
      ScheduleExpressionTimezone: "UTC",
      FlexibleTimeWindow: { Mode: "OFF" },
      ActionAfterCompletion: "DELETE",
    });
    expect(Target).toMatchObject({
      ...{ Arn: QUEUE_ARN, RoleArn: "arn:aws:iam::000000000000:role/scheduler" },
      DeadLetterConfig: { Arn: DEAD_LETTERS_ARN },
    });
    expect(parseTimer(Target.Input)).toEqual({ atMs: NOW_MS + 20 * MINUTE_MS, message });
  });

  test("what the Scheduler would replace in a message comes as it is", async () => {
    const { schedule, far } = timersAnswering();
    const message = outgoing("g", String.raw`\<aws.scheduler.execution-id> "<aws.scheduler.attempt-number>`);
    await schedule(20 * MINUTE_MS, message);
    const { Target } = JSON.parse(far[0]?.body ?? "{}") as { Target: { Input: string } };
    expect(Target.Input).not.toContain("<aws.");
    expect(parseTimer(Target.Input).message).toEqual(message);
  });

  test("whenever it fires within its minute, it is not due yet, and then within the delay queue's reach", async () => {
    const { schedule, far } = timersAnswering();
    for (let afterMs = 15 * MINUTE_MS + 1; afterMs < 18 * MINUTE_MS; afterMs += 7321) await schedule(afterMs);
    for (const { body } of far) {
      const { ScheduleExpression, Target } = JSON.parse(body) as {
        ScheduleExpression: string;
        Target: { Input: string };
      };
      const firesMs = Date.parse(`${ScheduleExpression.slice(3, -1)}Z`);
      const { atMs } = parseTimer(Target.Input);
      expect(firesMs).toBeGreaterThan(NOW_MS);
      expect(atMs - (firesMs + 59_000)).toBeGreaterThan(0);
      expect(atMs - firesMs).toBeLessThanOrEqual(2 * MINUTE_MS);
    }
    expect(far.length).toBeGreaterThan(20);
  });

  test("with a short reach it begins as much later, so that tests cross it in seconds", async () => {
    const { schedule, delaysSent, far } = timersAnswering(scheduled, 4000);
    await schedule(4000);
    await schedule(5000);
    expect(delaysSent()).toEqual([4, 5]);
    await schedule(10_000);
    expect(far[0]?.body).toContain("at(2026-11-22T10:00:38)");
  });

  test.each([Number.MAX_SAFE_INTEGER, 1e300, 9000 * 365 * 24 * 60 * MINUTE_MS])(
    "a time that the Scheduler cannot take, %d ms away, is cut: the timer says when it is due, and is set again",
    async (afterMs) => {
      const { schedule, far } = timersAnswering();
      await schedule(afterMs);
      const { ScheduleExpression, Target } = JSON.parse(far[0]?.body ?? "{}") as {
        ScheduleExpression: string;
        Target: { Input: string };
      };
      expect(ScheduleExpression).toMatch(/^at\(2126-/);
      expect(parseTimer(Target.Input)?.atMs).toBe(NOW_MS + afterMs);
    },
  );

  test("an invocation that ends takes its schedule with it; what is in the delay queue stays", async () => {
    const { timers, schedule, far, near } = timersAnswering();
    const timer = { atMs: NOW_MS + 20 * MINUTE_MS, message: outgoing("g", "x") };
    await schedule(20 * MINUTE_MS, timer.message);
    await timers.cancel(timer);
    expect(far.map(({ method }) => method)).toEqual(["POST", "DELETE"]);
    expect(far[1]?.path).toBe(far[0]?.path);
    expect(far[1]?.query).toMatchObject({ groupName: "perdure" });
    await timers.cancel({ ...timer, atMs: NOW_MS + 14 * MINUTE_MS });
    expect(far).toHaveLength(2);
    expect(near).toEqual([]);
    const gone = timersAnswering(() => jsonError("ResourceNotFoundException", "which?", 404));
    await gone.timers.cancel(timer);
  });

  test("the name is the message's: the same one again meets itself, and that is success", async () => {
    const { schedule, far } = timersAnswering(() => jsonError("ConflictException", "exists", 409));
    const message = outgoing("g", "x");
    await schedule(20 * MINUTE_MS, message);
    await schedule(20 * MINUTE_MS, message);
    await schedule(20 * MINUTE_MS, { ...message, dedup: "another" });
    await schedule(20 * MINUTE_MS, { ...message, group: "another" });
    expect(new Set(far.map(({ path }) => path)).size).toBe(3);
    expect(far[0]?.path).toBe(far[1]?.path);
  });

  test("errors are told apart", async () => {
    const throttled = timersAnswering(() => jsonError("ThrottlingException", "slow down", 429));
    await expect(throttled.schedule(20 * MINUTE_MS)).rejects.toMatchObject({ code: "throttled" });
    const broken = timersAnswering(() => {
      throw connectionReset();
    });
    await expect(broken.schedule(20 * MINUTE_MS)).rejects.toMatchObject({ code: "unavailable" });
    const wrong = timersAnswering(() => jsonError("ValidationException", "no such role"));
    await expect(wrong.schedule(20 * MINUTE_MS)).rejects.toMatchObject({ name: "ValidationException" });
    const large = timersAnswering();
    await expect(large.schedule(20 * MINUTE_MS, outgoing("g", "x".repeat(256 * 1024)))).rejects.toMatchObject(
      {
        code: "too-large",
      },
    );
    expect(large.far).toEqual([]);
  });

  test("a reach longer than SQS's is refused at once", () => {
    expect(() => timersAnswering(scheduled, 16 * MINUTE_MS)).toThrow(/T1/);
  });
});
