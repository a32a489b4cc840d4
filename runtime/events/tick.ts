/** A tick of a schedule that this server makes: a record like any other, named by schedule and time. */
import { shownPosition } from "../../lib/model/source-record.ts";
import type { ItemStore } from "../../lib/ports.ts";
import { readMark } from "./marks.ts";
import type { Schedule } from "./schedule.ts";
import type { Subscription } from "./subscription.ts";

export type Scheduled = Subscription & { readonly schedule: Schedule };
export const isScheduled = (subscription: Subscription): subscription is Scheduled =>
  subscription.schedule !== undefined;

/** Its mark says which tick was the last one. */
export const laneOfTicks = ({ source: { name } }: Subscription): string => `ticks/${name}`;

/** `undefined`: none was made here. */
export async function lastTick(items: ItemStore, subscription: Subscription): Promise<number | undefined> {
  const { position } = await readMark(items, subscription, laneOfTicks(subscription));
  return position === undefined ? undefined : Number(shownPosition(position));
}

/** As EventBridge Scheduler delivers it. */
export const tickEvent = ({ source: { name } }: Subscription, tickMs: number): object => ({
  perdure: "schedule",
  schedule: name,
  time: new Date(tickMs).toISOString(),
});
