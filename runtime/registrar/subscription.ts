/**
 * Subscriptions that a stack makes, as CloudFormation's resources `Custom::PerdureSubscription`. They lie in the registry as those do that the admin API makes, so it
 * lists them. The handler may be deployed later: until then its records stay in their source.
 */
import { fieldsIn, textField } from "../events/event-fields.ts";
import { forgetSubscription, replaceSubscription, storeSubscription } from "../events/subscription-store.ts";
import { isSameSubscription, isSubscriptionId, parseSubscription } from "../events/subscription.ts";
import type { Clock, ItemStore } from "../../lib/ports.ts";

export const SUBSCRIPTION_RESOURCE = "Custom::PerdureSubscription";

export interface SubscriptionPorts {
  readonly items: ItemStore;
  readonly clock: Pick<Clock, "now">;
}

/** Answers its id, by which it is deleted. A new one must not be another's: its marks would be, too. What the same resource said before is replaced. */
export async function keepSubscription(
  { items, clock }: SubscriptionPorts,
  properties: Readonly<Record<string, unknown>>,
  isNew: boolean,
): Promise<string> {
  const [name, source, sink] = ["Name", "Source", "Sink"].map((field) => textField(properties, field));
  if (name === undefined || source === undefined || sink === undefined)
    throw new TypeError("a subscription needs Name, Source and Sink");
  const options = Object.entries(fieldsIn(properties["Options"])).map(
    ([option, value]) => [option, String(value)] as const,
  );
  const request = { name, source, sink, options: Object.fromEntries(options) };
  const parsed = parseSubscription(request, clock.now());
  if ("reason" in parsed) throw new TypeError(`${parsed.field} ${parsed.reason}`);
  if (!isNew) await replaceSubscription(items, parsed);
  else if (!isSameSubscription(await storeSubscription(items, parsed), parsed))
    throw new Error(
      `there is another subscription '${name}': give this one another name, or delete that one`,
    );
  return parsed.id;
}

/** What was never made may be deleted: its creation has failed. */
export async function dropSubscription({ items }: SubscriptionPorts, id: string): Promise<void> {
  if (isSubscriptionId(id)) await forgetSubscription(items, id);
}
