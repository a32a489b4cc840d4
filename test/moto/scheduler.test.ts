/** The far leg of a timer (T1): schedules and their group. moto keeps them and does not fire them. */
import {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  GetScheduleGroupCommand,
  ListSchedulesCommand,
  SchedulerClient,
} from "@aws-sdk/client-scheduler";
import { beforeAll, describe, expect, test } from "vitest";
import { parseTimer } from "../../lib/aws/timer-message.ts";
import { JsonService } from "../../lib/aws/json-service.ts";
import { sqsRequests } from "../../lib/aws/sqs-requests.ts";
import { SqsTimers } from "../../runtime/aws/sqs-timers.ts";
import { freshName, outgoing } from "../contract/mailbox-suite.ts";
import { carrying } from "../support/emulator-answers.ts";
import { MOTO_ACCOUNT } from "../support/emulator-moto.ts";
import { restServiceOf, sharedMoto, whyNoMoto } from "./shared-moto.ts";

const HOUR_MS = 3_600_000;

describe.skipIf(whyNoMoto !== undefined)("EventBridge Scheduler (moto)", () => {
  const open = sharedMoto();
  let scheduler: SchedulerClient;
  let delayQueueArn = "";
  let place: ReturnType<typeof open>;
  const schedulerRoleArn = `arn:aws:iam::${MOTO_ACCOUNT}:role/scheduler`;
  beforeAll(() => {
    place = open();
    const { region, config } = place;
    scheduler = new SchedulerClient({ ...config, maxAttempts: 1 });
    delayQueueArn = `arn:aws:sqs:${region}:${MOTO_ACCOUNT}:timers`;
  });

  const groupMade = async (): Promise<string> => {
    const Name = freshName("group");
    await scheduler.send(new CreateScheduleGroupCommand({ Name }));
    return Name;
  };
  const timersIn = (scheduleGroup: string): SqsTimers =>
    new SqsTimers({
      sqs: sqsRequests(new JsonService(carrying(() => ({ body: '{"MessageId":"1"}' })).http, "AmazonSQS")),
      scheduler: restServiceOf("scheduler", place, 1),
      ...{ delayQueueArn, scheduleGroup, schedulerRoleArn },
      delayQueueUrl: "http://127.0.0.1:1/0/timers",
      clock: { now: () => Date.now() },
    });
  const namesIn = async (GroupName: string): Promise<string[]> => {
    const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({ GroupName }));
    return Schedules.map(({ Name = "" }) => Name);
  };
  const nameOf = async (asked: Promise<unknown>): Promise<string> =>
    await asked.then(
      () => "nothing was thrown",
      (error: unknown) => (error instanceof Error ? error.name : "no Error"),
    );

  test("a far timer is one schedule, which deletes itself and carries the timer", async () => {
    const group = await groupMade();
    const timer = { atMs: Date.now() + HOUR_MS, message: outgoing("g", 'text "\\ ü 😀') };
    await timersIn(group).schedule(timer);
    const [Name = ""] = await namesIn(group);
    const kept = await scheduler.send(new GetScheduleCommand({ GroupName: group, Name }));
    expect(kept).toMatchObject({
      ...{ ActionAfterCompletion: "DELETE", ScheduleExpressionTimezone: "UTC" },
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: delayQueueArn, RoleArn: schedulerRoleArn },
    });
    expect(kept.ScheduleExpression).toMatch(/^at\(\d{4}-\d\d-\d\dT\d\d:\d\d:00\)$/);
    expect(parseTimer(kept.Target?.Input ?? "")).toEqual(timer);
  });

  test("the same one twice is one; the service says ConflictException, and that is success", async () => {
    const group = await groupMade();
    const timer = { atMs: Date.now() + HOUR_MS, message: outgoing("g", "x") };
    const timers = timersIn(group);
    await timers.schedule(timer);
    await timers.schedule(timer);
    const names = await namesIn(group);
    expect(names).toHaveLength(1);
    const again = new CreateScheduleCommand({
      ...{ GroupName: group, Name: names[0], ScheduleExpression: "at(2030-01-01T00:00:00)" },
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: delayQueueArn, RoleArn: schedulerRoleArn },
    });
    expect(await nameOf(scheduler.send(again))).toBe("ConflictException");
  });

  test("one that is cancelled is gone, and to cancel it again does no harm", async () => {
    const group = await groupMade();
    const timer = { atMs: Date.now() + HOUR_MS, message: outgoing("g", "x") };
    const timers = timersIn(group);
    await timers.schedule(timer);
    const [Name = ""] = await namesIn(group);
    await timers.cancel(timer);
    await timers.cancel(timer);
    expect(await namesIn(group)).toEqual([]);
    const gone = new DeleteScheduleCommand({ GroupName: group, Name });
    expect(await nameOf(scheduler.send(gone))).toBe("ResourceNotFoundException");
  });

  test("a group takes its schedules with it", async () => {
    const group = await groupMade();
    await timersIn(group).schedule({ atMs: Date.now() + HOUR_MS, message: outgoing("g", "x") });
    await scheduler.send(new DeleteScheduleGroupCommand({ Name: group }));
    expect(await nameOf(scheduler.send(new GetScheduleGroupCommand({ Name: group })))).toBe(
      "ResourceNotFoundException",
    );
    await scheduler.send(new CreateScheduleGroupCommand({ Name: group }));
    expect(await namesIn(group)).toEqual([]);
  });
});
