/**
 * Moves a group to other offsets, while no consumer of this server reads. What is left out is noted first, then the group is moved: dead in
 * between, the group goes on where it was, and what was noted is accepted as it comes (docs/decisions/0045-steering.md).
 */
import type { ItemStore } from "../../../lib/ports.ts";
import { leaveOut } from "../marks.ts";
import { kafkaLane } from "../shapes/kafka.ts";
import type { Subscription } from "../subscription.ts";
import type { KafkaStream } from "./client.ts";

/** Offsets: by partition, of some or of all. A time: the first record from then on. */
export type SkipTarget =
  | "earliest"
  | "latest"
  | { readonly timeMs: number }
  | { readonly offsets: ReadonlyMap<number, bigint> };

export interface SkippedPartition {
  readonly partition: number;
  /** Where the group was. Absent: it had committed nothing. */
  readonly from?: string;
  readonly to: string;
}

/** It cannot be done; the message says why. */
export class SkipRefused extends Error {
  override readonly name = "SkipRefused";
}

/** `notes`: what lies between the mark and the target was left out. */
export async function skipTo(
  items: ItemStore,
  stream: KafkaStream,
  subscription: Subscription,
  target: SkipTarget,
  notes: boolean,
): Promise<readonly SkippedPartition[]> {
  const [begins, ends] = [await stream.offsets("earliest"), await stream.offsets("latest")];
  assertAlone(stream.partitions(), ends.length, subscription);
  const aims = await aimsOf(stream, target, begins, ends);
  const committed = await stream.committed();
  const skipped: SkippedPartition[] = [];
  for (const [partition, to] of aims) {
    if (notes) await leaveOut(items, subscription, kafkaLane(subscription.source, partition), to);
    await stream.commit(partition, to);
    const from = committed.get(partition);
    skipped.push({ partition, to: String(to), ...(from === undefined ? {} : { from: String(from) }) });
  }
  return skipped;
}

/** Another member would commit over it what it is reading. */
function assertAlone(own: readonly number[], count: number, { options }: Subscription): void {
  if (own.length >= count) return;
  throw new SkipRefused(
    `Other members of the group '${options["group.id"] ?? ""}' read ${count - own.length} of the ${count} partitions: stop them first`,
  );
}

async function aimsOf(
  stream: KafkaStream,
  target: SkipTarget,
  begins: readonly bigint[],
  ends: readonly bigint[],
): Promise<readonly (readonly [number, bigint])[]> {
  const all = [...ends.keys()];
  if (target === "earliest") return all.map((partition) => [partition, begins[partition] ?? 0n]);
  if (target === "latest") return all.map((partition) => [partition, ends[partition] ?? 0n]);
  if ("timeMs" in target) {
    const found = await stream.offsets(target);
    // Nothing is as late as that: its end.
    return all.map((partition) => {
      const offset = found[partition] ?? -1n;
      return [partition, offset < 0n ? (ends[partition] ?? 0n) : offset];
    });
  }
  for (const [partition, offset] of target.offsets) {
    const [begin, end] = [begins[partition], ends[partition]];
    if (begin === undefined || end === undefined)
      throw new SkipRefused(`The topic has no partition ${partition}, but ${ends.length} from 0 on`);
    if (offset < begin || offset > end)
      throw new SkipRefused(`Partition ${partition} has the offsets from ${begin} to ${end}, not ${offset}`);
  }
  return [...target.offsets];
}
