/** What a record of each source takes and costs, by the batch in which it comes. The door, the engine and the adapters are the product's; AWS is bench/model. */
import { storeSubscription } from "../../runtime/events/subscription-store.ts";
import { parseSubscription } from "../../runtime/events/subscription.ts";
import { Account, type AccountOptions } from "../model/account.ts";
import {
  type Bill,
  billPerMillion,
  COMPUTE_MS,
  MEMORY_MB,
  PRICES,
  scaled,
  type Usage,
} from "../model/bill.ts";
import type { Cell, Table } from "../report/table.ts";
import services from "./handlers.ts";
import { type BenchSource, SOURCES } from "./sources.ts";

const BATCHES = [1, 10, 100];
const RECORDS = 100;

interface RecordCost {
  readonly source: string;
  readonly batch: number;
  /** By the door alone, for one record. */
  readonly accepted: Usage;
  readonly service: Bill;
  readonly object: Bill;
  /** Dollars a million that the source itself takes; `undefined`: its price is not known here. */
  readonly own: number | undefined;
}

async function measured(
  { source, key, event }: BenchSource,
  sink: string,
  batch: number,
  options: Omit<AccountOptions, "services"> = {},
): Promise<Usage> {
  const account = await Account.open({ services, ...options });
  const { time, items } = account;
  const asked = { name: "bench", source, sink: `service://${sink}/take` };
  const subscription = parseSubscription(
    { ...asked, options: key === undefined ? {} : { "perdure.key": key } },
    time.now(),
  );
  if ("reason" in subscription) throw new Error(`${source}: ${subscription.reason}`);
  await time.run(storeSubscription(items, subscription));
  const deliver = async (from: number): Promise<void> => {
    for (let at = from; at < from + RECORDS; at += batch) {
      const numbers = Array.from({ length: batch }, (_, nth) => at + nth);
      await account.deliver(subscription, event(numbers), batch);
    }
  };
  // Caches become warm, and a lane gets its mark.
  await account.measure(() => deliver(0));
  await account.warm();
  return scaled(await account.measure(() => deliver(RECORDS)), 1 / RECORDS);
}

/** By the door alone, for one record: nothing is received from the mailbox. */
export const acceptance = async (source: BenchSource, batch: number): Promise<Usage> =>
  await measured(source, "Sink", batch, { concurrencyMax: 0 });

async function costOf(source: BenchSource, batch: number): Promise<RecordCost> {
  return {
    ...{ source: source.name, batch, own: source.ownPrice(batch) },
    accepted: await acceptance(source, batch),
    service: billPerMillion(await measured(source, "Sink", batch)),
    object: billPerMillion(await measured(source, "Keyed", batch)),
  };
}

export async function recordCosts(progress: (line: string) => void): Promise<readonly RecordCost[]> {
  const costs: RecordCost[] = [];
  for (const source of SOURCES) {
    progress(source.name);
    for (const batch of BATCHES)
      if (batch <= (source.batchMax ?? Number.POSITIVE_INFINITY)) costs.push(await costOf(source, batch));
  }
  return costs;
}

/** The source invokes the user's function, which handles the batch by itself: a request a batch, and the handler's time a record. */
function lambdaAlone(batch: number): number {
  const gbSeconds = ((COMPUTE_MS.handler / 1000) * MEMORY_MB.handler) / 1024;
  return 1e6 * (PRICES.lambda.request / batch + gbSeconds * PRICES.lambda.gbSecondArm64);
}

const plus = (dollars: number, own: number | undefined): number => dollars + (own ?? 0);

function rowOf({ source, batch, accepted, service, object, own }: RecordCost): readonly Cell[] {
  const alone = plus(lambdaAlone(batch), own);
  return [
    ...[`${source}, by ${batch}`, accepted.doorInvocations, accepted.doorMs],
    ...[accepted.writeUnits, accepted.readUnits, accepted.fifoRequests, billPerMillion(accepted).total],
    ...[own ?? null, plus(service.total, own), plus(object.total, own), alone],
    plus(service.total, own) / alone,
  ];
}

export const costTable = (costs: readonly RecordCost[]): Table => ({
  id: "event-costs",
  title: "What a record takes at the source door, and dollars per million",
  columns: [
    ...["source", "door λ", "its ms", "write units", "read units", "sends", "accepted"],
    ...["the source's own", "a service's handler", "an object's handler", "Lambda alone", "service/alone"],
  ],
  rows: costs.map(rowOf),
  notes: [
    `Means of ${RECORDS} records of other keys, in batches of 1, 10 and 100 that come one after the other, at the model's median latencies. Accepted: the door and its requests alone. Handlers do nothing (a service's) or count (an object's).`,
    `The source's own: what receives, deletes and, between a push and the door, sends messages; a schedule's ticks. Lambda reads a table's stream free of charge. –: clusters, brokers and shards are paid for by the hour, whoever reads them. What SNS and EventBridge take for publishing is not in it.`,
    `Lambda alone: the source invokes your function, with the same memory and time a record, and no promise of once.`,
    "The door: 256 MB. Without logs and without free tiers.",
  ],
});
