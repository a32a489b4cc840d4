/**
 * Admission of a source's records, in their order.
 *
 * A record's id and origin derive from the record (lib/model/source-record.ts). So its Start is that of a handler's call: it lives
 * once, and may be sent again (M2). It is always marked `resent`: a batch may be delivered once more while the first door still
 * works on it, and then nobody can tell which of two Starts is the first. The dispatcher looks for a head before it runs one.
 *
 * Two kinds need a head before their Start, as any request does (R11): an input too long for a message, and a workflow's run,
 * whose id is the key's.
 *
 * Order: the Starts of one group are sent one after the other (R13). Those of other groups are sent beside them. A head is made only when all Starts before it are in the
 * mailbox. Otherwise the reconciler could find it, and start it before them.
 *
 * Crash points
 * 1. Between two sends: the source delivers the batch again, and all of it is sent again. A group then has some Starts twice. The
 *    first of each come in the order of the source, and the others find a head.
 * 2. Between a head and its Start: the record comes again, and finds the head of its own origin: the Start is sent from that. If
 *    the source has given the record up, the reconciler finds the head.
 * 3. Between the last send and what the door writes afterwards: as 1.
 */
import { eachAtOnce } from "../at-once.ts";
import { MESSAGE_PAYLOAD_BYTES_MAX, SEND_BATCH_MAX } from "../limits.ts";
import { RECORD_SENDS_AT_ONCE, RECORDS_SENT_TOGETHER_MAX } from "../limits/events.ts";
import { incarnationOf } from "../model/ids.ts";
import type { HandlerKind } from "../model/manifest.ts";
import type { Outgoing, Start } from "../model/message.ts";
import type { Mailbox } from "../ports.ts";
import { acceptWithHead, derivedIdOf, type DoorPorts, repeat } from "./admission.ts";
import { readHead } from "./head-store.ts";
import { outgoing, sendAll } from "./send.ts";

/** What became of a record: a workflow that was started before by another one runs only once. */
export type Admitted = "accepted" | "already-started";

export interface RecordsAdmitted {
  /** Of the first ones, all in the order of the records. Those behind them are not known to be accepted. */
  readonly admitted: readonly Admitted[];
  /** Why it stopped. Absent: all are accepted. */
  readonly error?: unknown;
}

/** The Start of a run: its id is the key's, so its lives are told apart. */
export function runOf(start: Start, kind: HandlerKind): Start {
  const id = kind === "workflow" ? derivedIdOf(start.target, kind) : undefined;
  return id === undefined ? start : { ...start, id, incarnation: incarnationOf(start.origin) };
}

const needsHead = ({ incarnation, input }: Start): boolean =>
  incarnation !== 0 || input.length > MESSAGE_PAYLOAD_BYTES_MAX;

/** `mayGoOn`: asked before each part. Never throws: what is accepted is said, up to the first one that is in doubt. */
export async function admitRecords(
  ports: DoorPorts,
  starts: readonly Start[],
  mayGoOn: () => boolean,
): Promise<RecordsAdmitted> {
  const admitted: Admitted[] = [];
  try {
    while (admitted.length < starts.length) {
      if (!mayGoOn()) return { admitted, error: new Error("there is no time left") };
      const part = await admitPart(ports, nextPart(starts, admitted.length));
      admitted.push(...part.admitted);
      if (part.error !== undefined) return { admitted, error: part.error };
    }
    return { admitted };
  } catch (error) {
    return { admitted, error };
  }
}

/** One that needs a head stands alone. */
function nextPart(starts: readonly Start[], from: number): readonly Start[] {
  const rest = starts.slice(from, from + RECORDS_SENT_TOGETHER_MAX);
  const until = rest.findIndex(needsHead);
  return rest.slice(0, until < 0 ? rest.length : Math.max(until, 1));
}

async function admitPart(ports: DoorPorts, part: readonly Start[]): Promise<RecordsAdmitted> {
  const [first] = part;
  if (first && needsHead(first)) return { admitted: [await admitWithHead(ports, first)] };
  const messages = part.map((start) => outgoing({ ...start, resent: true }, start.origin));
  const taken = new Set<Outgoing>();
  const mailbox = noting(ports.mailbox, taken);
  try {
    await eachAtOnce(apart(messages), RECORD_SENDS_AT_ONCE, (each) => sendAll(mailbox, each));
  } catch (error) {
    // Nothing is under way any more. What the mailbox has taken before the first one that is in doubt need not come again.
    const inDoubt = messages.findIndex((message) => !taken.has(message));
    return { admitted: messages.slice(0, Math.max(inDoubt, 0)).map(() => "accepted"), error };
  }
  return { admitted: part.map(() => "accepted") };
}

/** Of a request that fails, nothing is known to be taken. */
const noting = (mailbox: Mailbox, taken: Set<Outgoing>): Mailbox => ({
  sendBatch: async (messages) => {
    const refused = await mailbox.sendBatch(messages);
    messages.forEach((message, index) => refused.includes(index) || taken.add(message));
    return refused;
  },
});

/** Several lists, each in order, and each group in one of them. No more than fill their requests: each request is paid for. */
function apart(messages: readonly Outgoing[]): readonly (readonly Outgoing[])[] {
  const groups = new Set(messages.map(({ group }) => group)).size;
  const length = Math.min(RECORD_SENDS_AT_ONCE, Math.ceil(groups / SEND_BATCH_MAX));
  const lists = Array.from({ length }, (): Outgoing[] => []);
  const listOf = new Map<string, Outgoing[]>();
  for (const message of messages) {
    const list = listOf.get(message.group) ?? lists[listOf.size % lists.length] ?? [];
    listOf.set(message.group, list);
    list.push(message);
  }
  return lists;
}

async function admitWithHead(ports: DoorPorts, start: Start): Promise<Admitted> {
  const head = (await readHead(ports.items, start.id))?.head;
  // Of this very record, also if its retention has passed: it must not begin a new life.
  if (head?.origin === start.origin) {
    await repeat(ports, start.id, head);
    return "accepted";
  }
  const { incarnation } = await acceptWithHead(ports, { ...start, accepted: true });
  return incarnation === start.incarnation ? "accepted" : "already-started";
}
