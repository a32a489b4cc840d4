/** Step 6: what CloudWatch has counted, beside what the cost model says. */
import { randomUUID } from "node:crypto";
import { Unmet } from "./check.ts";
import type { MetricQuery } from "./account.ts";
import {
  COUNTED,
  type Counted,
  type Counts,
  LIST_PRICES,
  MODEL,
  type Modelled,
  REQUESTS_OF_MESSAGE,
} from "./model.ts";
import { pooled } from "./statistics.ts";
import type { Outputs } from "./stack/variables.ts";
import type { StackAtHand, Verification } from "./verification.ts";

const MINUTE_MS = 60_000;
/** Guards are due, and functions that were warm have answered, before the counting begins and before it ends. */
const QUIET_MS = 2 * MINUTE_MS;
const DIFFERS_MAX = 0.1;
const MILLION = 1e6;
const INDEX = "open";

export async function cost(verification: Verification, stack: StackAtHand): Promise<void> {
  const { ledger, capabilities, scale } = verification;
  await ledger.check(
    "cost",
    `counts of ${scale.longCalls} of each workload, beside the model`,
    async (note) => {
      await capabilities.require("metrics");
      const { seen, fromMs, toMs } = await counted(verification, stack);
      const uses = scale.longCalls;
      const expected = modelOf(uses);
      for (const name of COUNTED) note(`${name}, model ${expected[name]}`, seen[name]);
      const gbSeconds = await functionSeconds(verification, stack.outputs, fromMs, toMs);
      const each = MILLION / uses / Object.keys(MODEL).length;
      note("dollars per million, counted", each * dollars(seen, gbSeconds), "$");
      note("the same by the model, without function time", each * dollars(expected, 0), "$");
      const others = COUNTED.filter((name) => differs(seen[name], expected[name]));
      if (others.length === 0) return;
      throw new Unmet(
        others.map((name) => `${name} ${expected[name]} ± 10 %`).join(", "),
        others.map((name) => `${name} ${seen[name]}`).join(", "),
      );
    },
  );
}

/** Runs each workload by itself, one use after another, and asks for the counts until they no longer grow. */
async function counted(verification: Verification, stack: StackAtHand) {
  const { account, clock, scale, progress } = verification;
  progress("cost: two minutes of rest, so that only the workloads are counted");
  await clock.pause(QUIET_MS);
  // CloudWatch counts by whole minutes.
  await clock.pause(MINUTE_MS - (clock.now() % MINUTE_MS));
  const fromMs = clock.now();
  await workloads(stack, scale.longCalls);
  await clock.pause(QUIET_MS);
  const toMs = Math.ceil(clock.now() / MINUTE_MS) * MINUTE_MS;
  const queries = COUNTED.map((name) => queriesOf(name, stack.outputs));
  const ask = async (): Promise<Counts> => {
    const found = await account.metrics(queries.flat(), fromMs, toMs);
    let at = 0;
    const sums = queries.map((of) => {
      const parts = found.slice(at, (at += of.length));
      return parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
    });
    return Object.fromEntries(COUNTED.map((name, index) => [name, sums[index] ?? 0])) as Counts;
  };
  let seen = await ask();
  for (const deadline = clock.now() + scale.metricsMs; clock.now() < deadline;) {
    await clock.pause(MINUTE_MS);
    const later = await ask();
    const grows = COUNTED.some((name) => later[name] > seen[name]);
    seen = later;
    if (!grows && seen.httpRequests > 0) break;
  }
  return { seen, fromMs, toMs };
}

async function workloads({ ingress }: StackAtHand, uses: number): Promise<void> {
  const run = randomUUID();
  const runs: Readonly<Record<Modelled, (n: number) => Promise<unknown>>> = {
    "no-op service call": () => ingress.call("/Greeter/greet", "you"),
    "10 sequential steps": () => ingress.call("/Greeter/steps", 10),
    "object add": (n) => ingress.call(`/Account/cost-${n}-${run}/deposit`, 1),
    "chain of 10 calls": () => ingress.call("/Greeter/chain", 10),
  };
  const numbers = Array.from({ length: uses }, (_, n) => n);
  for (const workload of Object.values(runs)) await pooled(numbers, 1, workload);
}

export function modelOf(uses: number): Counts {
  const all: readonly Counts[] = Object.values(MODEL);
  return Object.fromEntries(
    COUNTED.map((name) => [name, uses * all.reduce((sum, each) => sum + each[name], 0)]),
  ) as Counts;
}

export const differs = (seen: number, expected: number): boolean =>
  Math.abs(seen - expected) > DIFFERS_MAX * Math.max(1, expected);

/** Without the time of functions, unless it is given. */
export function dollars(counts: Counts, gbSeconds: number): number {
  const prices = LIST_PRICES;
  const invocations = COUNTED.filter((name) => name.endsWith("Invocations"));
  return (
    counts.httpRequests * prices.httpRequest +
    invocations.reduce((sum, name) => sum + counts[name], 0) * prices.lambdaRequest +
    counts.mailboxMessages * REQUESTS_OF_MESSAGE * prices.fifoRequest +
    counts.writeUnits * prices.writeUnit +
    counts.readUnits * prices.readUnit +
    gbSeconds * prices.gbSecond
  );
}

const sumOf = (namespace: string, metric: string, dimensions: Record<string, string>): MetricQuery => ({
  ...{ namespace, metric, dimensions, stat: "Sum" },
});

export const lambdaCount = (name: string): MetricQuery =>
  sumOf("AWS/Lambda", "Invocations", { FunctionName: name });

const sent = (queue: string): MetricQuery => sumOf("AWS/SQS", "NumberOfMessagesSent", { QueueName: queue });

function units(metric: string, { JournalTable, StateTable, RegistryTable }: Outputs): MetricQuery[] {
  const of = (dimensions: Record<string, string>): MetricQuery => sumOf("AWS/DynamoDB", metric, dimensions);
  return [
    ...[JournalTable, StateTable, RegistryTable].map((TableName) => of({ TableName })),
    of({ TableName: JournalTable, GlobalSecondaryIndexName: INDEX }),
  ];
}

function queriesOf(name: Counted, outputs: Outputs): readonly MetricQuery[] {
  switch (name) {
    case "httpRequests":
      return [sumOf("AWS/ApiGateway", "Count", { ApiId: outputs.IngressApi })];
    case "ingressInvocations":
      return [lambdaCount(outputs.Ingress)];
    case "dispatcherInvocations":
      return [lambdaCount(outputs.Dispatcher)];
    case "handlerInvocations":
      return [lambdaCount(outputs.Main)];
    case "mailboxMessages":
      return [sent(outputs.MailboxName)];
    case "writeUnits":
      return units("ConsumedWriteCapacityUnits", outputs);
    case "readUnits":
      return units("ConsumedReadCapacityUnits", outputs);
  }
}

/** Billed time times memory. Memory as the stack sets it. */
async function functionSeconds(
  { account }: Verification,
  { Ingress, Dispatcher, Main, Timers }: Outputs,
  fromMs: number,
  toMs: number,
): Promise<number> {
  const memory = [
    [Ingress, 256],
    [Dispatcher, 512],
    [Main, 512],
    [Timers, 256],
  ] as const;
  const durations = await account.metrics(
    memory.map(([name]) => ({ ...lambdaCount(name), metric: "Duration" })),
    fromMs,
    toMs,
  );
  return memory.reduce((sum, [, mib], index) => sum + ((durations[index] ?? 0) / 1000) * (mib / 1024), 0);
}
