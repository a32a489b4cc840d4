/** Pausing what a local server reads by itself. Restate has no such request. */
import { keepCourse } from "../events/subscription-store.ts";
import type { Subscription } from "../events/subscription.ts";
import { jsonResponse, parseJsonObject } from "../http/message.ts";
import { badField, badShape, doesNotExist } from "./error.ts";
import type { AdminExchange, Handling } from "./ports.ts";
import { requireSubscription, viewSubscription } from "./subscriptions.ts";

/** `{"paused": true}` or `false`. 200; 400: nothing here reads this source; 404; 422. */
export async function changeSubscription(exchange: AdminExchange, text: string): Handling {
  const { ports, request } = exchange;
  const body = parseJsonObject(request.body);
  if (!body) throw badShape("request body", "must be a JSON object");
  const { paused } = body;
  if (typeof paused !== "boolean") throw badShape("request field 'paused'", "must be true or false");
  const subscription = await requireSubscription(ports, text);
  assertRead(exchange, subscription, "paused");
  const goesOn = subscription.isPaused && !paused;
  const course = { isPaused: paused, ...(goesOn ? { resumedAtMs: ports.clock.now() } : {}) };
  if (!(await keepCourse(ports.items, subscription, course))) throw doesNotExist(`subscription '${text}'`);
  return jsonResponse(200, { ...viewSubscription(subscription), paused });
}

/** Throws 400, which says what to do instead. */
function assertRead({ ports, options }: AdminExchange, subscription: Subscription, field: string): void {
  if (ports.sources?.reads(subscription) === true) return;
  const reason =
    options.environment?.kind === "aws"
      ? `in AWS the event source mapping reads it: \`aws lambda list-event-source-mappings --function-name SOURCE_DOOR:${subscription.id}\` names it, and \`aws lambda update-event-source-mapping --uuid UUID --no-enabled\` pauses it`
      : "this server does not read the source by itself";
  throw badField(`request field '${field}'`, reason);
}
