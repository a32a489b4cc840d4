/** Pausing what a local server reads by itself. Restate has no such request. */
import { pauseSubscription } from "../events/subscription-store.ts";
import { jsonResponse, parseJsonObject } from "../http/message.ts";
import { badField, badShape, doesNotExist } from "./error.ts";
import type { AdminExchange, Handling } from "./ports.ts";
import { requireSubscription, viewSubscription } from "./subscriptions.ts";

/** `{"paused": true}` or `false`. 200; 400: nothing here reads this source; 404; 422. */
export async function changeSubscription({ ports, request }: AdminExchange, text: string): Handling {
  const body = parseJsonObject(request.body);
  if (!body) throw badShape("request body", "must be a JSON object");
  const { paused } = body;
  if (typeof paused !== "boolean") throw badShape("request field 'paused'", "must be true or false");
  const subscription = await requireSubscription(ports, text);
  if (ports.kafka?.reads(subscription) !== true)
    throw badField("request field 'paused'", "this server does not read the source by itself");
  if (!(await pauseSubscription(ports.items, subscription, paused)))
    throw doesNotExist(`subscription '${text}'`);
  return jsonResponse(200, { ...viewSubscription(subscription), paused });
}
