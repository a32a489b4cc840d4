/** Subscriptions and Kafka clusters, in the registry: few items, which all doors read. */
import { keyOf } from "../../lib/store/registry-reader.ts";
import { registered } from "../../lib/store/registry.ts";
import { subscriptionId } from "../../lib/model/shown-id.ts";
import { replaysKey } from "../../lib/model/source-record.ts";
import type { ItemStore, ReadOptions } from "../../lib/ports.ts";
import { fieldsIn, textField } from "./event-fields.ts";
import {
  isSubscriptionId,
  storedSubscription,
  type Subscription,
  type SubscriptionCourse,
  subscriptionInStore,
} from "./subscription.ts";

const SUBSCRIPTION = "subscription";
const CLUSTER = "kafka-cluster";

/** By id, or by name. */
export async function findSubscription(
  items: Pick<ItemStore, "get">,
  text: string,
  options: ReadOptions = {},
): Promise<Subscription | undefined> {
  const id = isSubscriptionId(text) ? text : subscriptionId(text);
  return subscriptionInStore((await items.get(keyOf(SUBSCRIPTION, id), options))?.["d"]);
}

/** The oldest first. */
export async function allSubscriptions(items: Pick<ItemStore, "scan">): Promise<readonly Subscription[]> {
  const found = await registered(items, SUBSCRIPTION);
  return found
    .map(({ attributes }) => subscriptionInStore(attributes["d"]))
    .filter((subscription) => subscription !== undefined)
    .toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
}

/** Answers the one that is there by now: this one, or another of its name. */
export async function storeSubscription(items: ItemStore, subscription: Subscription): Promise<Subscription> {
  const { won, item } = await items.write({
    op: "put",
    key: keyOf(SUBSCRIPTION, subscription.id),
    attributes: { d: storedSubscription(subscription) },
    when: { is: "absent" },
  });
  return (won ? undefined : subscriptionInStore(item?.["d"])) ?? subscription;
}

/** Whatever is there of its name. What the stack of a subscription says now holds. */
export async function replaceSubscription(items: ItemStore, subscription: Subscription): Promise<void> {
  const attributes = { d: storedSubscription(subscription) };
  await items.write({ op: "put", key: keyOf(SUBSCRIPTION, subscription.id), attributes });
}

/** Keeps what has become of it. `false`: it is gone. */
export async function keepCourse(
  items: Pick<ItemStore, "write">,
  subscription: Subscription,
  course: Partial<SubscriptionCourse>,
): Promise<boolean> {
  const { won } = await items.write({
    op: "put",
    key: keyOf(SUBSCRIPTION, subscription.id),
    attributes: { d: storedSubscription({ ...subscription, ...course }) },
    when: { is: "present" },
  });
  return won;
}

const REPLAYS = "n";

/** Of that name, also before it was deleted and made again. */
export async function replaysOf(items: Pick<ItemStore, "get">, name: string): Promise<number> {
  const held = await items.get(replaysKey(name));
  return Number(held?.[REPLAYS] ?? 0);
}

/**
 * The next generation: records that were accepted are new ones. The number first, then the subscription: dead in between, the next replay
 * takes another number. `undefined`: it is gone.
 */
export async function beginReplay(items: ItemStore, name: string): Promise<number | undefined> {
  const subscription = await findSubscription(items, name);
  if (!subscription) return undefined;
  const replays = Math.max(subscription.replays, await replaysOf(items, subscription.name)) + 1;
  const attributes = { [REPLAYS]: replays };
  await items.write({ op: "put", key: replaysKey(subscription.name), attributes });
  const next = replayed(subscription, replays);
  return (await keepCourse(items, next, {})) ? next.generation : undefined;
}

/** As it is after so many replays. */
export const replayed = (subscription: Subscription, replays: number): Subscription => ({
  ...subscription,
  ...{ replays, generation: subscription.generation - subscription.replays + replays },
});

/** `false`: there was none. Its marks stay, and so do the records that were set aside. */
export async function forgetSubscription(items: ItemStore, id: string): Promise<boolean> {
  return (await items.write({ op: "delete", key: keyOf(SUBSCRIPTION, id), when: { is: "present" } })).won;
}

export interface KafkaCluster {
  readonly name: string;
  /** As they were given, with credentials. */
  readonly properties: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

const clusterIn = (name: string, stored: unknown): KafkaCluster => {
  const { properties, createdAt } = fieldsIn(stored);
  const held = fieldsIn(properties);
  const texts = Object.keys(held).map((key) => [key, textField(held, key) ?? ""] as const);
  return { name, properties: Object.fromEntries(texts), createdAtMs: Number(createdAt) };
};

export async function findCluster(
  items: Pick<ItemStore, "get">,
  name: string,
): Promise<KafkaCluster | undefined> {
  const item = await items.get(keyOf(CLUSTER, name));
  return item && clusterIn(name, item["d"]);
}

/** By name. */
export async function allClusters(items: Pick<ItemStore, "scan">): Promise<readonly KafkaCluster[]> {
  const found = await registered(items, CLUSTER);
  return found
    .map(({ pk, attributes }) => clusterIn(pk.slice(CLUSTER.length + 1), attributes["d"]))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** `new`: there must be none; otherwise there must be one. `false`: it is not so. */
export async function storeCluster(
  items: ItemStore,
  { name, properties, createdAtMs }: KafkaCluster,
  isNew: boolean,
): Promise<boolean> {
  const { won } = await items.write({
    op: "put",
    key: keyOf(CLUSTER, name),
    attributes: { d: { properties: { ...properties }, createdAt: createdAtMs } },
    when: { is: isNew ? "absent" : "present" },
  });
  return won;
}

export async function removeCluster(items: ItemStore, name: string): Promise<void> {
  await items.write({ op: "delete", key: keyOf(CLUSTER, name) });
}
