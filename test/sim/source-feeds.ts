/**
 * How sources deliver: logs from a position on, queues what is visible, pushes one event at a time. Each goes on until all of it is
 * acknowledged. What was acknowledged may come again.
 */
import type { World } from "./platform.ts";
import { Prng } from "../../lib/prng.ts";
import type { SourceDoors } from "./source-doors.ts";
import type { Delivered, SimRecord } from "./source-events.ts";
import { isFifo, isKafka, type Skip, type SourceKind } from "./source-plan.ts";
import type { Subscribed } from "./source-watch.ts";

/** What a feed needs of its run. */
export interface Fed {
  readonly world: World;
  readonly doors: SourceDoors;
  readonly of: Subscribed;
  readonly kind: SourceKind;
  /** Resolves when the subscription is there and not paused, as far as the source knows. */
  readonly ready: () => Promise<void>;
}

const AGAIN_MS = 20_000;
const BACK_MAX = 6;

abstract class Feed {
  protected readonly fed: Fed;
  protected readonly prng: Prng;

  constructor(fed: Fed) {
    this.fed = fed;
    this.prng = new Prng(fed.world.seed, `feed ${fed.of.plan.name}`);
  }

  /** Resolves when all of it is acknowledged. */
  abstract run(): Promise<void>;
  /** All of it once more, long after. */
  abstract again(): Promise<void>;

  protected pause(fromMs: number, toMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.fed.world.scheduler.after(this.prng.between(fromMs, toMs), resolve);
    });
  }
  protected after(ms: number, run: () => Promise<void>): void {
    this.fed.world.scheduler.after(ms, () => void run());
  }
  protected get nowMs(): number {
    return this.fed.world.scheduler.nowMs;
  }
  protected async deliver(batch: readonly Delivered[]): Promise<ReadonlySet<Delivered> | undefined> {
    const { doors, of, kind } = this.fed;
    return await doors.deliver(of, kind, batch);
  }
}

/** Records that are delivered in their order, and how far they are acknowledged. */
interface Strand {
  readonly records: readonly SimRecord[];
  acknowledged: number;
}
interface Slice {
  readonly strand: Strand;
  readonly from: number;
  readonly items: readonly Delivered[];
}

/** Kafka, Kinesis, DynamoDB streams. A batch of Kafka has several partitions, one of a stream is of one shard. */
export class LogFeed extends Feed {
  readonly #strands: readonly Strand[];

  constructor(fed: Fed) {
    super(fed);
    const isParallel = fed.kind === "kinesis-parallel" || fed.kind === "dynamodb";
    const nameOf = ({ lane, key }: SimRecord) => (isParallel ? `${lane} ${key}` : String(lane));
    this.#strands = [...Map.groupBy(fed.of.records, nameOf).values()].map((records) => ({
      records,
      acknowledged: 0,
    }));
  }

  async run(): Promise<void> {
    const { kind, of } = this.fed;
    const consumers = isKafka(kind) ? of.plan.consumers : this.#strands.length;
    const own = Array.from({ length: consumers }, (_, index) =>
      this.#strands.filter((__, at) => at % consumers === index),
    );
    await Promise.all(own.map(async (strands) => await this.#consume(strands)));
  }

  async again(): Promise<void> {
    for (const strand of this.#strands)
      for (let from = 0; from < strand.records.length; from += this.fed.of.plan.batchMax)
        await this.#deliver([slice(strand, from, from + this.fed.of.plan.batchMax)]);
  }

  /** Nobody of the group reads meanwhile; a door that stood still may work on. `leaveOut`: notes what lies before that number. */
  async skip(
    { lane, by }: Skip,
    leaveOut: (record: SimRecord, next: bigint) => Promise<void>,
  ): Promise<void> {
    const { observer } = this.fed.world;
    const strand = this.#strands[lane];
    const [first] = strand?.records ?? [];
    if (!strand || !first) return;
    this.#holds++;
    while (this.#consuming > 0) await this.pause(20, 50);
    const to = Math.max(0, Math.min(strand.acknowledged + by, strand.records.length));
    if (by > 0) {
      observer.sources.skips(this.fed.of, strand.records.slice(strand.acknowledged, to));
      await leaveOut(first, first.number + BigInt(to));
    }
    strand.acknowledged = to;
    this.#holds--;
    observer.count(by > 0 ? "skip forward" : "skip back");
    if (by < 0) await this.#consume([strand]);
  }
  #holds = 0;
  #consuming = 0;

  /** What the group reads. */
  async #read(strands: readonly Strand[], slices: readonly Slice[]): Promise<boolean> {
    this.#consuming++;
    try {
      if (this.fed.world.faults.strike("source-doubled")) void this.#deliver(this.#next(strands));
      return this.fed.world.faults.strike("source-split")
        ? await this.#inHalves(slices)
        : await this.#deliver(slices);
    } finally {
      this.#consuming--;
    }
  }

  async #consume(strands: readonly Strand[]): Promise<void> {
    const { faults } = this.fed.world;
    for (;;) {
      const left = strands.filter(({ records, acknowledged }) => acknowledged < records.length);
      if (left.length === 0) return;
      await this.fed.ready();
      if (this.#holds > 0) {
        await this.pause(20, 100);
        continue;
      }
      const slices = this.#next(left);
      if (slices.length === 0) {
        const dueMs = Math.min(...left.map(({ records, acknowledged: at }) => records[at]?.sentAtMs ?? 0));
        await this.pause(dueMs - this.nowMs, dueMs - this.nowMs + 50);
        continue;
      }
      const isDone = await this.#read(left, slices);
      if (faults.strike("source-again"))
        this.after(
          this.prng.between(0, AGAIN_MS),
          async () => void (await this.#deliver(this.#earlier(strands))),
        );
      if (!isDone) await this.pause(20, 2000);
    }
  }

  /** What the source has, from what is acknowledged on; of some strands, if it has it of several. */
  #next(strands: readonly Strand[]): readonly Slice[] {
    const { faults } = this.fed.world;
    let room = this.prng.chance(0.5)
      ? this.fed.of.plan.batchMax
      : this.prng.int(1, this.fed.of.plan.batchMax);
    return this.prng.shuffle(strands).flatMap((strand) => {
      const back = faults.strike("source-shifted") ? this.prng.int(0, BACK_MAX) : 0;
      const from = Math.max(0, strand.acknowledged - back);
      const present = strand.records.filter(({ sentAtMs }) => sentAtMs <= this.nowMs).length;
      const until = Math.min(present, from + room);
      room -= Math.max(0, until - from);
      return until > from ? [slice(strand, from, until)] : [];
    });
  }

  /** Any part of what was acknowledged, and of what follows it. */
  #earlier(strands: readonly Strand[]): readonly Slice[] {
    const strand = this.prng.pick(strands);
    const from = this.prng.int(0, Math.min(strand.acknowledged, strand.records.length - 1));
    const present = strand.records.filter(({ sentAtMs }) => sentAtMs <= this.nowMs).length;
    const until = Math.min(present, from + this.prng.int(1, this.fed.of.plan.batchMax));
    return until > from ? [slice(strand, from, until)] : [];
  }

  /** The second half only if the first one was accepted. */
  async #inHalves(slices: readonly Slice[]): Promise<boolean> {
    const halves = slices.map(({ strand, from, items }) => {
      const middle = from + Math.ceil(items.length / 2);
      return [slice(strand, from, middle), slice(strand, middle, from + items.length)] as const;
    });
    if (!(await this.#deliver(halves.map(([first]) => first)))) return false;
    return await this.#deliver(halves.map(([, second]) => second));
  }

  /** Whether all of it was accepted. */
  async #deliver(slices: readonly Slice[]): Promise<boolean> {
    const batch = slices.flatMap(({ items }) => items);
    if (batch.length === 0) return true;
    const failed = await this.deliver(batch);
    if (!failed) return false;
    for (const { strand, from, items } of slices) {
      const first = items.findIndex((each) => failed.has(each));
      const accepted = first < 0 ? items : items.slice(0, first);
      this.fed.world.observer.sources.acknowledged(
        this.fed.of,
        accepted.flatMap(({ records }) => records),
      );
      strand.acknowledged = Math.max(strand.acknowledged, from + accepted.length);
    }
    return failed.size === 0;
  }
}

const slice = (strand: Strand, from: number, until: number): Slice => ({
  strand,
  from,
  items: strand.records.slice(from, until).map((record) => ({ records: [record], receives: 1 })),
});

interface Message {
  readonly records: readonly SimRecord[];
  readonly group: string;
  receives: number;
  hiddenUntilMs: number;
  receipt: number;
  deleted: boolean;
}

/** SQS, standard and FIFO, as its event source mapping polls it. */
export class QueueFeed extends Feed {
  readonly #messages: readonly Message[];
  #receipts = 0;

  constructor(fed: Fed) {
    super(fed);
    this.#messages = itemsOf(fed).map((records, index) => ({
      records,
      group: isFifo(fed.kind) ? (records[0]?.key ?? "") : String(index),
      ...{ receives: 0, hiddenUntilMs: records[0]?.sentAtMs ?? 0, receipt: 0, deleted: false },
    }));
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.fed.of.plan.consumers }, async () => await this.#poll()));
  }

  /** Deletions were lost, and it was hidden for as long as it can be. */
  async again(): Promise<void> {
    for (const message of this.#messages) {
      message.deleted = false;
      message.receives++;
    }
    await this.#poll();
  }

  async #poll(): Promise<void> {
    const { faults } = this.fed.world;
    for (;;) {
      const open = this.#messages.filter(({ deleted }) => !deleted);
      if (open.length === 0) return;
      await this.fed.ready();
      const batch = this.#receive();
      if (batch.length === 0) {
        const dueMs = Math.min(...open.map(({ hiddenUntilMs }) => hiddenUntilMs)) - this.nowMs;
        await this.pause(Math.max(5, dueMs), Math.max(5, dueMs) + 100);
        continue;
      }
      const received = batch.map((message) => ({ message, receipt: message.receipt }));
      if (faults.strike("source-doubled"))
        for (const { message } of received) message.hiddenUntilMs = this.nowMs + this.prng.between(5, 3000);
      const items = new Map(batch.map((each) => [each, { records: each.records, receives: each.receives }]));
      const failed = await this.deliver([...items.values()]);
      for (const { message, receipt } of received)
        this.#answered(
          message,
          receipt,
          failed && !failed.has(items.get(message) ?? { records: [], receives: 0 }),
        );
    }
  }

  /** Of a group those up to the first hidden one, which is worked on. */
  #receive(): readonly Message[] {
    const batch: Message[] = [];
    const most = this.prng.chance(0.5)
      ? this.fed.of.plan.batchMax
      : this.prng.int(1, this.fed.of.plan.batchMax);
    const groups = Map.groupBy(
      this.#messages.filter(({ deleted }) => !deleted),
      ({ group }) => group,
    );
    for (const messages of this.prng.shuffle([...groups.values()])) {
      for (const message of messages) {
        if (message.hiddenUntilMs > this.nowMs || batch.length >= most) break;
        message.receives++;
        message.receipt = ++this.#receipts;
        message.hiddenUntilMs = this.nowMs + 30_000;
        batch.push(message);
      }
    }
    return batch;
  }

  #answered(message: Message, receipt: number, isAccepted: boolean | undefined): void {
    const { faults, observer } = this.fed.world;
    if (message.receipt !== receipt || message.deleted) return;
    if (isAccepted !== true) {
      message.hiddenUntilMs = this.nowMs + this.prng.between(0, 5000);
      return;
    }
    message.deleted = true;
    observer.sources.acknowledged(this.fed.of, message.records);
    if (!faults.strike("source-again") || isFifo(this.fed.kind)) return;
    this.after(this.prng.between(0, AGAIN_MS), async () => {
      if (!message.deleted) return;
      message.deleted = false;
      message.hiddenUntilMs = this.nowMs;
      await this.#poll();
    });
  }
}

/** SNS, EventBridge, S3 and schedules, as they invoke a function: one event, again and again until it is accepted. */
export class PushFeed extends Feed {
  async run(): Promise<void> {
    await Promise.all(
      itemsOf(this.fed).map(async (records) => {
        await this.pause((records[0]?.sentAtMs ?? 0) - this.nowMs, (records[0]?.sentAtMs ?? 0) - this.nowMs);
        await this.#push(records);
      }),
    );
  }

  async again(): Promise<void> {
    for (const records of itemsOf(this.fed)) await this.#once(records);
  }

  async #push(records: readonly SimRecord[]): Promise<void> {
    const { faults } = this.fed.world;
    for (;;) {
      await this.fed.ready();
      if (faults.strike("source-doubled")) void this.#once(records);
      if (await this.#once(records)) break;
      await this.pause(1000, 20_000);
    }
    if (faults.strike("source-again"))
      this.after(this.prng.between(0, AGAIN_MS), async () => void (await this.#once(records)));
  }

  async #once(records: readonly SimRecord[]): Promise<boolean> {
    const failed = await this.deliver([{ records, receives: 1 }]);
    if (!failed || failed.size > 0) return false;
    this.fed.world.observer.sources.acknowledged(this.fed.of, records);
    return true;
  }
}

/** What is handed out as one: of S3 there may be two records in a message. */
function itemsOf({ kind, of: { records } }: Fed): readonly (readonly SimRecord[])[] {
  if (!kind.startsWith("s3")) return records.map((record) => [record]);
  const items: SimRecord[][] = [];
  for (const record of records) {
    const last = items.at(-1);
    const joins = last?.length === 1 && last[0]?.lane === record.lane && !last[0].wrong && !record.wrong;
    if (joins) last.push(record);
    else items.push([record]);
  }
  return items;
}
