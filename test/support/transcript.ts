/**
 * One turn as a transcript. The request with its history goes in. Out comes all that the turn does, in order: its durable
 * writes and its messages as plain objects, then its outcome. The list is whole: what is not in it did not happen.
 */
import { type Context, object, type ObjectContext, service } from "perdure";
import { encodeEntry, encodeNote, type Entry, type Note, withoutMark } from "../../lib/model/entry.ts";
import { fenceOf, stateKey, tokenOf } from "../../lib/model/fence.ts";
import { headAttributes, newHead, parseHead } from "../../lib/model/head.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import { invocationId, UNIQUE_SIZE } from "../../lib/model/ids.ts";
import type { Attributes, Write } from "../../lib/model/item.ts";
import { decodeMessage, type Start } from "../../lib/model/message.ts";
import { type Clock, type ItemStore, silentLogger } from "../../lib/ports.ts";
import { PROTOCOL_VERSION, type TurnRequest } from "../../lib/protocol.ts";
import { createEndpoint, type TurnPorts } from "../../sdk/endpoint.ts";
import { MemoryItemStore } from "./memory-item-store.ts";

/** The time stands still, and no sleep ends in the turn. */
export const NOW_MS = 1_000_000;
const CLOCK: Clock = { now: () => NOW_MS, after: () => () => undefined };
const MINUTE_MS = 60_000;
const KEY = "k";

export interface Given {
  /** What the journal holds. Absent: it begins, from its Start. */
  readonly log?: readonly Entry[];
  /** Notes in the head's list. */
  readonly notes?: readonly Note[];
  /** Notes that come with the request. */
  readonly carried?: readonly Note[];
  /** State of the object's key. */
  readonly state?: Readonly<Record<string, Uint8Array>>;
}

/** The invocation of `T/run` that a transcript is of, and one of the object's. */
export const ID = invocationId("T", undefined, new Uint8Array(UNIQUE_SIZE));
const OBJECT_ID = invocationId("T", KEY, new Uint8Array(UNIQUE_SIZE));

export const turnOfService = async (run: (ctx: Context) => Promise<unknown>, given: Given = {}) =>
  await transcript(service({ name: "T", handlers: { run } }), given);

export const turnOfObject = async (run: (ctx: ObjectContext) => Promise<unknown>, given: Given = {}) =>
  await transcript(object({ name: "T", handlers: { run } }), given, tokenOf(0, "2"));

async function transcript(definition: unknown, given: Given, token?: string): Promise<readonly object[]> {
  const items = new MemoryItemStore();
  const start = startOf(token);
  const known = { deployment: "dp_test", ...(token === undefined ? {} : { token }) };
  const head = given.log && { ...newHead(start, known), ...suspendedAfter(given.log, given.notes) };
  if (head) await items.write({ op: "put", key: headKey(start.id), attributes: head });
  for (const [name, value] of Object.entries(given.state ?? {})) {
    const attributes = { f: fenceOf(tokenOf(0, "1"), 0), val: value };
    await items.write({ op: "put", key: stateKey("T", KEY, name), attributes });
  }
  const told: object[] = [];
  const request: TurnRequest = {
    ...{ kind: "turn", version: PROTOCOL_VERSION, id: start.id, incarnation: 0, target: start.target },
    ...{ handlerKind: token === undefined ? "plain" : "exclusive", ...known, ownsLock: token !== undefined },
    ...{ carried: (given.carried ?? []).map(encodeNote), attempt: { count: 1 } },
    ...{ remainingMs: MINUTE_MS, retentionMs: MINUTE_MS },
    ...(head ? { head } : { start }),
  };
  const turn = await createEndpoint([definition]).runTurn(request, portsOf(items, told));
  if (turn.kind !== "failed") return [...told, { turn }];
  // Without the stack, and its times.
  const { ran: _, ...failed } = turn;
  const { code, message } = turn.failure;
  return [...told, { turn: { ...failed, failure: { code, message } } }];
}

const startOf = (token: string | undefined): Start => ({
  ...{ kind: "start", id: token === undefined ? ID : OBJECT_ID, incarnation: 0, origin: "test" },
  target: { service: "T", handler: "run", ...(token === undefined ? {} : { key: KEY }) },
  ...{ input: new Uint8Array(0), headers: {}, acceptedAtMs: NOW_MS },
});

const suspendedAfter = (log: readonly Entry[], notes: readonly Note[] = []): Attributes =>
  headAttributes({
    ...{ status: "suspended", length: log.length, lastAppend: 0, tail: log.map(encodeEntry) },
    ...{ wait: { kind: "race", parts: [] }, modifiedAtMs: NOW_MS, notes: notes.map(encodeNote) },
  });

function portsOf(items: ItemStore, told: object[]): TurnPorts {
  return {
    items: {
      ...{ get: items.get.bind(items), query: items.query.bind(items), scan: items.scan.bind(items) },
      write: async (write) => {
        const result = await items.write(write);
        told.push(result.won ? plain(write, result.item ?? {}) : { refused: write.key.sk });
        return result;
      },
    },
    mailbox: {
      sendBatch: async (messages) => {
        told.push(...messages.map(({ body }) => ({ send: decodeMessage(body) })));
        return [];
      },
    },
    registry: {
      service: async (name) => ({
        ...{ name, type: "service", deployment: "dp_test", revision: 1 },
        handlers: [{ name: "greet", kind: "plain" }],
      }),
    },
    ...{ clock: CLOCK, entropy: { bytes: (count) => new Uint8Array(count) }, logger: silentLogger },
  };
}

/** What a write that was won has written. `at`: the position in the log, of the first entry or of the one that it is for. */
function plain(write: Write, item: Attributes): object {
  const { table, sk } = write.key;
  if (table === "state") {
    const { f: fence, val: value = null } = item;
    return { state: sk, value, at: typeof fence === "string" ? Number(fence.split(".").at(-1)) : undefined };
  }
  if (sk !== headKey(ID).sk) return { [sk]: item };
  const { status, tail, paged, lastAppend, wait, outcome, notes } = parseHead(item);
  return {
    ...{ append: tail.slice(lastAppend - paged).map(withoutMark), at: lastAppend, status },
    ...(wait === undefined ? {} : { wait }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}
