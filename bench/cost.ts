/**
 * What AWS bills for each workload: alone on an idle system, and at load. Beside it stand the least that it could cost,
 * and what the peers cost.
 *
 * Counts are exact. DynamoDB's units are those that DynamoDB Local reports. The tests count units by a rule; this
 * benchmark checks the rule against DynamoDB Local, and fails where they differ.
 */
import * as perdure from "perdure/restate";
import {
  makeUserTable,
  startDynamoLocal,
  TABLES,
  whyNoDynamoLocal,
} from "../test/support/emulator-dynamo.ts";
import { Account } from "./model/account.ts";
import {
  type Bill,
  billPerMillion,
  COUNTS,
  type Count,
  MEMORY_MB,
  logsPerMillion,
  scaled,
  type Usage,
} from "./model/bill.ts";
import { BENCH_TABLES, LISTED, meteredDynamo } from "./model/items.ts";
import { sampled } from "./model/latency.ts";
import { type DurableCost, measureDurable } from "./peers/durable.ts";
import { startRestateOnLambda } from "./peers/restate-lambda.ts";
import { crossoverTable } from "./peers/crossover.ts";
import { dollarsPerMillion, expressDollarsPerMillion, MACHINES } from "./peers/step-functions.ts";
import type { Bench, BenchContext, Result } from "./report/bench.ts";
import type { Cell, Table } from "./report/table.ts";
import { servicesOf } from "./workloads/services.ts";
import { measureAlone } from "./workloads/measure.ts";
import { type Workload, WORKLOADS } from "./workloads/workloads.ts";

/** How many of a workload go at once "at load". */
const AT_ONCE = 20;
const SEED = 20_260_101;
/** Uses at latencies that are drawn, and of the largest. */
const USES = 100;
const USES_OF_LARGE = 10;
const SERVICES = servicesOf(perdure);

export interface WorkloadCost {
  readonly name: string;
  readonly alone: Usage;
  readonly bill: Bill;
  readonly atLoad: Bill;
  /** At latencies that are drawn from the model, the mean. Results come later and earlier than the first look for them. */
  readonly drawn: Bill;
  readonly floor: Bill;
  readonly why: string;
}

async function measureAtLoad(workload: Workload): Promise<Usage> {
  const { name, before, atOnceMax = AT_ONCE } = workload;
  const account = await Account.open({ services: SERVICES });
  const uses = Array.from({ length: Math.min(AT_ONCE, atOnceMax) }, (_, n) => n);
  for (const n of uses) if (before) await account.measure(() => before(account, n));
  if (!before && !name.startsWith("workflow")) await account.measure(() => workload.run(account, AT_ONCE));
  const usage = await account.measure(() => Promise.all(uses.map((n) => workload.run(account, n))));
  return scaled(usage, 1 / uses.length);
}

/** One after the other. */
async function measureDrawn(workload: Workload): Promise<Usage> {
  const account = await Account.open({ services: SERVICES, latency: sampled(SEED) });
  const { before, run: use, atOnceMax } = workload;
  const uses = atOnceMax === undefined ? USES : USES_OF_LARGE;
  if (before) await account.measure(() => before(account, 0));
  else await account.measure(() => use(account, uses));
  const usage = await account.measure(async () => {
    for (let n = 0; n < uses; n++) await use(account, before ? 0 : n);
  });
  return scaled(usage, 1 / uses);
}

const floorUsage = ({ floor }: Workload): Usage =>
  Object.fromEntries(COUNTS.map((name) => [name, floor.usage[name] ?? 0])) as unknown as Usage;

async function measureOurs({ progress }: BenchContext): Promise<readonly WorkloadCost[]> {
  const reason = whyNoDynamoLocal();
  if (reason !== undefined)
    throw new Error(`DynamoDB Local, which counts the units, cannot be started: ${reason}`);
  const dynamo = await startDynamoLocal(LISTED);
  const costs: WorkloadCost[] = [];
  try {
    for (const [name, keys] of Object.entries(BENCH_TABLES)) await makeUserTable(dynamo.client(), name, keys);
    const counted = await Account.open({
      services: SERVICES,
      items: (meter, time) => meteredDynamo(dynamo.calls(), TABLES, meter, time),
    });
    const inMemory = await Account.open({ services: SERVICES });
    for (const [index, workload] of WORKLOADS.entries()) {
      progress(workload.name);
      const alone = await measureAlone(counted, workload, 10 * index);
      assertSame(workload.name, alone, await measureAlone(inMemory, workload, 10 * index));
      costs.push({
        name: workload.name,
        alone,
        bill: billPerMillion(alone),
        atLoad: billPerMillion(await measureAtLoad(workload)),
        drawn: billPerMillion(await measureDrawn(workload)),
        floor: billPerMillion(floorUsage(workload)),
        why: workload.floor.why,
      });
    }
  } finally {
    await dynamo.close();
  }
  return costs;
}

/** For heads of several KB, with lists in lists, DynamoDB Local reports a little less than the published rule says. */
const WRITE_UNITS_OVER = 1 / 16;

/** The tests count units by a rule. DynamoDB Local says whether the rule is right. */
function assertSame(name: string, reported: Usage, byRule: Usage): void {
  const isSame = (count: Count): boolean => {
    const over = byRule[count] - reported[count];
    return over === 0 || (count === "writeUnits" && over > 0 && over <= reported[count] * WRITE_UNITS_OVER);
  };
  const differing = COUNTS.filter((count) => !isSame(count));
  if (differing.length === 0) return;
  const lines = differing.map((count) => `${count}: ${reported[count]} reported, ${byRule[count]} by rule`);
  throw new Error(
    `${name}: DynamoDB Local and the rule by which the tests count differ: ${lines.join("; ")}`,
  );
}

export interface PeerCost {
  readonly name: string;
  readonly restate: { readonly invocations: number; readonly bytes: number } | undefined;
  readonly durable: DurableCost | undefined;
}

async function measurePeers({ progress }: BenchContext): Promise<readonly PeerCost[]> {
  progress("AWS's durable execution SDK with its local runner");
  const durable = await measureDurable();
  progress("Restate's server and SDK, request/response, through a counting proxy");
  const restate = await startRestateOnLambda();
  const costs: PeerCost[] = [];
  try {
    for (const { name } of WORKLOADS)
      costs.push({ name, restate: await restate.measure(name), durable: durable.get(name) });
  } finally {
    await restate.stop();
  }
  return costs;
}

// --- tables --------------------------------------------------------------------------------------------------------

const usageTable = (costs: readonly WorkloadCost[]): Table => ({
  id: "usage",
  title: "What one use takes, alone on an idle system",
  columns: [
    "workload",
    "handler λ",
    "dispatcher λ",
    "its ms",
    "write units",
    "read units",
    "SQS",
    "Scheduler",
    "HTTP",
    "bytes to handlers",
  ],
  rows: costs.map(({ name, alone }) => [
    name,
    alone.handlerInvocations,
    alone.dispatcherInvocations,
    alone.dispatcherMs,
    alone.writeUnits,
    alone.readUnits,
    alone.fifoRequests + alone.standardRequests,
    alone.schedules,
    alone.httpRequests,
    alone.bytesToHandlers,
  ]),
  notes: [
    "Units as reported by Amazon's DynamoDB Local; a message alone is 3 SQS requests (send, receive, delete).",
    "Milliseconds are billed by the latency model's medians, rounded up per invocation.",
  ],
});

const withoutIndex = (usage: Usage): number =>
  billPerMillion({ ...usage, writeUnits: usage.writeUnits - usage.indexUnits }).total;

const billTable = (costs: readonly WorkloadCost[]): Table => ({
  id: "bill",
  title: "Dollars per million, by part",
  columns: [
    "workload",
    "HTTP API",
    "DynamoDB",
    "SQS",
    "Scheduler",
    "Lambda",
    "all, alone",
    "with logs",
    "drawn",
    "at load",
    "without the index",
    "floor",
    "without/floor",
  ],
  rows: costs.map(({ name, alone, bill, atLoad, drawn, floor }) => [
    name,
    bill.http,
    bill.dynamodb,
    bill.queues,
    bill.scheduler,
    bill.functions,
    bill.total,
    bill.total + logsPerMillion(alone),
    drawn.total,
    atLoad.total,
    withoutIndex(alone),
    floor.total,
    withoutIndex(alone) / floor.total,
  ]),
  notes: [
    `Memory: ${Object.entries(MEMORY_MB)
      .map(([name, mb]) => `${name} ${mb} MB`)
      .join(
        ", ",
      )}; arm64; no free tiers or storage. Logs: 0.4 KB of each invocation, 0.25 KB of a request, 0.5 KB of a dispatcher's measurements.`,
    `Alone: at the model's median latencies. Drawn: the mean of ${USES} uses, one after the other, at latencies drawn from it, from seed ${SEED} (${USES_OF_LARGE} of the largest). Then a result may come after the first look for it.`,
    `At load: ${AT_ONCE} at once (fewer of the largest), so that messages are received and deleted by tens and dispatchers share their waits.`,
  ],
});

const floorTable = (costs: readonly WorkloadCost[]): Table => ({
  id: "floor",
  title: "The physical floor",
  columns: ["workload", "$/million", "because"],
  rows: costs.map(({ name, floor, why }) => [name, floor.total, why]),
  notes: [
    "A direct invocation of the handler, or a message of a standard queue that it receives itself: no ingress, no dispatcher, no order, no lock, no version. Batches of one; the model's median latencies.",
  ],
});

function peerRow({ name, alone, bill }: WorkloadCost, peer: PeerCost | undefined): Cell[] {
  const { restate, durable } = peer ?? {};
  const machine = MACHINES[name];
  const ours = [name, alone.handlerInvocations, alone.bytesToHandlers, bill.total];
  return [
    ...ours,
    ...(restate ? [restate.invocations, restate.bytes] : [null, null]),
    ...(durable ? [durable.operations, durable.checkpoints, durable.dollarsPerMillion] : [null, null, null]),
    ...(machine ? [machine.transitions, dollarsPerMillion(machine)] : [null, null]),
    (machine && expressDollarsPerMillion(machine)) ?? null,
    durable ? bill.total / durable.dollarsPerMillion : null,
  ];
}

function peerTable(costs: readonly WorkloadCost[], peers: readonly PeerCost[]): Table {
  return {
    id: "peers",
    title: "Beside what people use today",
    columns: [
      "workload",
      "handler λ",
      "bytes",
      "$/million, all parts",
      "Restate: λ",
      "bytes",
      "durable: operations",
      "checkpoint calls",
      "$/million, operations",
      "Step Functions: transitions",
      "Standard, $/million",
      "Express, $/million",
      "ours/durable",
    ],
    rows: costs.map((ours) =>
      peerRow(
        ours,
        peers.find(({ name }) => name === ours.name),
      ),
    ),
    notes: [
      "Ours with HTTP API, ingress, queue, dispatcher, handler and database; theirs without what starts them and without compute.",
      "Restate's server is a machine of its own: see below. Its sleeps are the same at any length.",
      "–: cannot be expressed (no keyed state, no step in one transaction with a table of yours), or not run.",
      "Express: a request and its time, in 64 MB, rounded up to 100 ms; Tasks of 13 ms one after the other. It takes five minutes at the most, waits for no token, and may run twice.",
      `Step Functions, as state machines: ${costs.flatMap(({ name }) => (MACHINES[name] ? [`${name}: ${MACHINES[name].states}`] : [])).join("; ")}.`,
    ],
  };
}

async function run(context: BenchContext): Promise<Result> {
  const ours = await measureOurs(context);
  const peers = await measurePeers(context);
  return {
    tables: [
      usageTable(ours),
      billTable(ours),
      peerTable(ours, peers),
      crossoverTable(ours, peers),
      floorTable(ours),
    ],
    data: { ours, peers },
  };
}

export const cost: Bench = {
  name: "cost",
  question: "What does each workload cost, beside the least that it could and beside the peers?",
  needsPeers: true,
  run,
};
