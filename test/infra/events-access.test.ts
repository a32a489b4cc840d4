/** The source door at work with the permissions of its role: nothing is refused, and none on data is granted for nothing. */
import { App, Stack } from "aws-cdk-lib";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { Template } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";
import { PerdureRuntime, sqs } from "../../infra/index.ts";
import { sourceAlias } from "../../lib/model/source-alias.ts";
import { answerSource } from "../../runtime/events/source-function.ts";
import { storeSubscription } from "../../runtime/events/subscription-store.ts";
import { kafkaEvent, sqsEvent } from "../unit/events/events.ts";
import { EventsWorld } from "../unit/events/world.ts";
import { linesOf } from "./access.ts";
import { Guard } from "./guard.ts";
import type { Resource } from "./stack.ts";

const DOOR = "source door";

function lines(): string[] {
  const stack = new Stack(new App({ analyticsReporting: false }), "Test");
  const runtime = new PerdureRuntime(stack, "Runtime");
  runtime.subscribe(sqs(new Queue(stack, "Work")), "Plain/take");
  const resources = Template.fromStack(stack).toJSON()["Resources"] as Record<string, Resource>;
  return linesOf(resources).filter((line) => line.startsWith(`${DOOR} | `));
}

test("it marks, starts, makes heads and sets aside", async () => {
  const granted = lines();
  const guard = new Guard(granted);
  const world = await EventsWorld.start();
  const ports = {
    ...{ ...world.doorPorts, meter: { measure: () => undefined } },
    items: guard.items(DOOR, world.items),
    mailbox: guard.mailbox(DOOR, world.mailbox),
  };
  const deliver = async (source: string, sink: string, event: unknown) => {
    const name = `${source}-${sink}`.replaceAll(/[^\w.-]/gu, ".");
    await storeSubscription(world.items, world.subscription(source, sink, {}, name));
    return await answerSource(ports, event, {
      invokedFunctionArn: `arn:aws:lambda:eu-west-1:123456789012:function:door:${sourceAlias(name, false)}`,
      getRemainingTimeInMillis: () => 30_000,
    });
  };
  const value = "x".repeat(900_000);
  const long = sqsEvent([
    { id: "m1", value },
    { id: "m2", value: 2 },
  ]);
  const records = [
    { key: "a", value: 1 },
    { key: "b", value },
  ];
  const partition = kafkaEvent({ 0: { offset: 1, records } });
  const later = kafkaEvent({ 0: { offset: 2, records } });
  for (const sink of ["Plain/take", "Account/add", "Order/run"])
    for (const event of [partition, later, partition])
      expect(await deliver("kafka://main/orders", sink, event)).toEqual({ batchItemFailures: [] });
  for (const sink of ["Plain/take", "Account/add"])
    expect(await deliver("sqs://work", sink, long)).toEqual({ batchItemFailures: [] });
  // Two lanes start the workflow of one key at the same time. The later one's input is taken back.
  const startOf = (each: string) => ({ offset: 10, records: [{ key: "c", value: each }] });
  const atOnce = kafkaEvent({ 0: startOf(value), 1: startOf(`${value}y`) });
  await deliver("kafka://main/orders", "Order/run", atOnce);
  expect(await deliver("sqs://work", "Plain/take", long)).toEqual({ batchItemFailures: [] });
  expect(await deliver("sqs://work", "Plain/absent", long)).toMatchObject({
    batchItemFailures: [{ itemIdentifier: "m1" }, { itemIdentifier: "m2" }],
  });
  expect(guard.refused).toEqual([]);
  const ofData = granted
    .map((line) => line.split(" | ").slice(0, 3).join(" | "))
    .filter((line) => /dynamodb:|sqs:SendMessage/u.test(line));
  expect(ofData).not.toEqual([]);
  expect(ofData.filter((line) => !guard.used.has(line))).toEqual([]);
});
