/**
 * Records whose value their handler does not take. The door cannot know: the schema is the handler's code (0046). Its first turn
 * says so, and has done nothing else. The dispatcher then sets the record aside, and ends the invocation as failed, in this order.
 *
 * Crash points
 * 1. Before the record is set aside: the message comes again, and the turn says the same.
 * 2. Between the two: as 1. The record is set aside under the name of its invocation, so it is there once. Should other code take the
 *    value by then, it runs, and the record is not to be tried again: see {@link whyNotAgain}.
 *
 * To be tried again it becomes another invocation, whose id derives from that of the one which has failed. So it is one, however often
 * somebody asks for it.
 */
import type { Head } from "../../lib/model/head.ts";
import type { Headers } from "../../lib/model/headers-value.ts";
import type { Incarnation, InvocationId } from "../../lib/model/ids.ts";
import type { Start, Target } from "../../lib/model/message.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import { subscriptionOf } from "../../lib/model/source-record.ts";
import type { ItemStore, Logger, Meter } from "../../lib/ports.ts";
import { readHead, readHeaders, readInput } from "../../lib/store/head-store.ts";
import type { ValuePorts } from "../../lib/store/value-store.ts";
import { setAside } from "./rejected.ts";
import type { SourceRecord } from "./source-record.ts";

interface RefusedInvocation {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly origin: string;
  readonly target: Target;
  readonly start?: Start | undefined;
  readonly head?: Head | undefined;
}

interface RefusalPorts extends ValuePorts {
  readonly logger: Logger;
  readonly meter?: Meter;
}

const NAME = "perdure.subscription";
const REFUSED = "refused";

/** Resolves when the record is set aside. Harmless to repeat. */
export async function setRefusedAside(
  ports: RefusalPorts,
  { id, incarnation, origin, target, start, head }: RefusedInvocation,
  message: string,
): Promise<void> {
  const { items, logger } = ports;
  const source = start ?? head;
  const headers = await readHeaders(items, id, source?.headers ?? {});
  const [subscription, name] = [subscriptionOf(origin), headers[NAME]];
  if (subscription === undefined || name === undefined || !source) return;
  const record: SourceRecord = {
    identity: [REFUSED, id, String(incarnation)],
    coordinates: coordinatesIn(headers) ?? shownId(id),
    item: shownId(id),
    ...(target.key === undefined ? {} : { key: target.key }),
    input: await readInput(items, id, source),
    headers,
  };
  await setAside(ports, { id: subscription, name, generation: 0 }, record, { reason: REFUSED, message });
  ports.meter?.measure("recordsRejected");
  const about = { subscription: name, record: record.coordinates, invocation: id };
  logger.log("error", "a record is set aside", { ...about, reason: REFUSED, message });
}

/** Why a record that its handler has refused is not tried again: its invocation has run since. Nobody knows any more if its head is gone. */
export async function whyNotAgain(
  items: ItemStore,
  { identity: [kind, id, incarnation] }: SourceRecord,
): Promise<string | undefined> {
  if (kind !== REFUSED || id === undefined) return undefined;
  const head = (await readHead(items, id))?.head;
  if (!head || String(head.incarnation) !== incarnation) return undefined;
  const hasFailed = head.status === "completed" && head.outcome?.ok === false;
  return hasFailed ? undefined : `its handler has taken it since, as ${shownId(id)}`;
}

/** Where a record is in its source, as the door says it. The innermost event names the record, so messages of a queue come last. */
const PLACES: readonly string[] = [
  "{kafka.topic}, partition {kafka.partition}, offset {kafka.offset}",
  "{aws.kinesis.stream}, {aws.kinesis.shard-id}, sequence number {aws.kinesis.sequence-number}",
  "{aws.dynamodb.table}, sequence number {aws.dynamodb.sequence-number}",
  "{aws.s3.bucket}/{aws.s3.key}, version {aws.s3.version-id}",
  "{aws.s3.bucket}/{aws.s3.key}",
  "event {aws.events.id}",
  "{aws.scheduler.schedule}, {aws.scheduler.time}",
  "{aws.sns.topic}, message {aws.sns.message-id}",
  "{aws.sqs.queue}, message {aws.sqs.message-id}",
];

function coordinatesIn(headers: Headers): string | undefined {
  for (const place of PLACES) {
    let isWhole = true;
    const text = place.replace(/\{([^}]+)\}/gu, (_, name: string) => {
      isWhole &&= headers[name] !== undefined;
      return headers[name] ?? "";
    });
    if (isWhole) return text;
  }
  return undefined;
}
