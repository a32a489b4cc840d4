/**
 * `restart-as-new`: a new invocation with the input of a completed one, which may go on from a prefix of its journal.
 *
 * The prefix is the first `from` entries, and the later completions of the commands among them, in the order in which
 * they came; every command of it must have completed, because replies, timers and awakeables of the old invocation never
 * reach the new one. It is copied as a log that has been appended long ago (`b` = its length): its outputs are the old
 * invocation's and are not done again (M2). What its entries refer to is copied first, under the same names.
 *
 * With another input the prefix stays what the old input made of it: entries never change. The code runs over it with the new
 * input; if it then does something else than what is recorded, that is a journal mismatch (RT0016), and nothing is done wrong.
 *
 * Crash points, as at admission (R11): values and pages, then the head (`accepted`), then the Start. Without the head
 * the copies are garbage; a head without its Start was promised to nobody, and the reconciler sends it all the same.
 */
import { eachAtOnce } from "../../lib/at-once.ts";
import { restartHead, type RestartedLog } from "../../lib/store/head/births.ts";
import { readHeaders, readInput, readLog, storeInput } from "../../lib/store/head-store.ts";
import { outgoing, sendAll } from "../../lib/store/send.ts";
import { InvariantError } from "../../lib/errors.ts";
import { copyValue, placeOf } from "../../lib/store/value-store.ts";
import {
  encodeEntry,
  type Entry,
  isCommand,
  largeValueOf,
  type SignalKey,
  withoutMark,
} from "../../lib/model/entry.ts";
import { type Head, pageAttributes } from "../../lib/model/head.ts";
import { isJournalExpired } from "../../lib/model/head-age.ts";
import { pageKey, valueKey } from "../../lib/model/head-keys.ts";
import { SEAL } from "../../lib/model/header-names.ts";
import {
  invocationId,
  type InvocationId,
  isExclusiveId,
  MADE_AT_SIZE,
  UNIQUE_SIZE,
} from "../../lib/model/ids.ts";
import { inParts, sizeOfValue } from "../../lib/model/item.ts";
import { HEAD_BYTES_SOFT_MAX, JOURNAL_ENTRIES_MAX, PAYLOAD_BYTES_MAX } from "../../lib/limits.ts";
import type { Start } from "../../lib/model/message.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import { ON } from "../../lib/model/status-table.ts";
import type { ItemStore } from "../../lib/ports.ts";
import { itemNamesOf } from "../../lib/model/value-ref.ts";
import { jsonResponse, parseJsonObject } from "../http/message.ts";
import { deploymentOf } from "./control.ts";
import { AdminError, badField, conflict } from "./error.ts";
import { isPurged, numberIn, parseId, requireHead } from "./invocation.ts";
import { restartOrigin } from "./invocation-view.ts";
import type { AdminPorts, AdminExchange, Handling } from "./ports.ts";
import { nonce } from "../../lib/entropy.ts";
import {
  RESTART_COPIES_AT_ONCE,
  RESTART_NONCE_BYTES,
  RESTART_PAGE_BYTES_MAX,
} from "../../lib/limits/http.ts";

/** 200 `{new_invocation_id}`. 400 bad prefix, deployment or input; 404 unknown; 409 not completed; 410 the input or the journal
 * is gone; 422 a workflow; 425 not begun. */
export async function restartInvocation(
  { ports, request: { query, body } }: AdminExchange,
  text: string,
): Handling {
  const id = parseId(text);
  const input = inputIn(body);
  const head = await requireHead(ports, id, notBegun);
  await assertRestartable(ports, id, head);
  const from = numberIn(query, "from", { preset: 0, min: 0, max: JOURNAL_ENTRIES_MAX });
  const wanted = query.get("deployment") ?? "latest";
  // An unpinned head goes to the newest deployment when it first runs.
  const deployment =
    wanted === "latest" ? undefined : ((await deploymentOf(ports, head, wanted)) ?? head.deployment);
  const read = async (): Promise<readonly [prefix: readonly Entry[], start: Start]> => [
    from === 0 ? [] : prefixOf(await readLog(ports.items, id, head), from, head.lastAppend),
    await newStart(ports, id, head, input),
  ];
  const refused = (error: unknown): Promise<never> => afterPurge(ports, id, head, error);
  const [prefix, start] = await read().catch(refused);
  const sent = await storeInput(ports, start);
  await copyValues(ports, id, start.id, prefix).catch(refused);
  // A purge takes the log off the head before it removes a value. So while the log is there, all of them were.
  if (prefix.length > 0 && (await isPurged(ports, id, head))) throw inputIsGone(id);
  await restartHead(ports.items, start, { deployment, ...(await placed(ports.items, start, prefix)) });
  await sendAll(ports.mailbox, [outgoing(sent, start.origin)]);
  return jsonResponse(200, { new_invocation_id: shownId(start.id) });
}

const inputIsGone = (id: InvocationId): AdminError =>
  new AdminError(410, `The invocation '${id}' cannot be restarted because its input is not available.`);

async function assertRestartable(
  { registry, clock }: AdminPorts,
  id: InvocationId,
  head: Head,
): Promise<void> {
  const { status, target } = head;
  const action = ON.restart[status];
  if (action === "not-begun") throw notBegun(id);
  if (action === "refuse") throw conflict(id, "is still running.");
  const service = await registry.service(target.service);
  const handler = service?.handlers.find(({ name }) => name === target.handler);
  if (handler?.kind === "workflow") {
    throw new AdminError(422, `The invocation '${id}' cannot be restarted because it is a workflow's.`);
  }
  if (head.input === undefined || isJournalExpired(head, clock.now())) {
    throw inputIsGone(id);
  }
}

/** What a purge has removed since the head was read is no fault: throws 410, or the error if there was no purge. */
async function afterPurge(ports: AdminPorts, id: InvocationId, head: Head, error: unknown): Promise<never> {
  throw error instanceof InvariantError && (await isPurged(ports, id, head)) ? inputIsGone(id) : error;
}

const notBegun = (id: InvocationId): AdminError =>
  new AdminError(425, `The invocation '${id}' cannot be restarted because it's not running yet.`);

/** Another input, if the body has one: `{"input": text}` or `{"input_base64": text}`. */
function inputIn(body: Uint8Array): Uint8Array | undefined {
  if (body.byteLength === 0) return undefined;
  const fields = parseJsonObject(body);
  if (!fields) throw badField("request body", "must be a JSON object");
  const { input, input_base64: base64 } = fields;
  if (input === undefined && base64 === undefined) return undefined;
  const text = input ?? base64;
  if (typeof text !== "string" || (input !== undefined && base64 !== undefined))
    throw badField("request body", "either 'input' or 'input_base64' must be a text");
  const bytes = Buffer.from(text, input === undefined ? "base64" : "utf8");
  if (bytes.byteLength > PAYLOAD_BYTES_MAX)
    throw new AdminError(
      413,
      `the input has ${bytes.byteLength} bytes; at most ${PAYLOAD_BYTES_MAX} are supported`,
    );
  return bytes;
}

async function newStart(
  ports: AdminPorts,
  old: InvocationId,
  head: Head,
  input: Uint8Array | undefined,
): Promise<Start> {
  const { target } = head;
  // It has a secret of its own.
  const { [SEAL]: _seal, ...held } = await readHeaders(ports.items, old, head.headers);
  const headers = ports.traces?.restarted(old, head, held) ?? held;
  const nowMs = ports.clock.now();
  const time = Buffer.alloc(MADE_AT_SIZE);
  time.writeUIntBE(Math.max(0, nowMs), 0, MADE_AT_SIZE);
  const unique = Buffer.concat([time, ports.entropy.bytes(UNIQUE_SIZE - MADE_AT_SIZE)]);
  return {
    kind: "start",
    id: invocationId(target.service, isExclusiveId(old) ? target.key : undefined, unique),
    incarnation: 0,
    origin: restartOrigin(old, nonce(ports.entropy, RESTART_NONCE_BYTES)),
    target,
    headers,
    input: input ?? (await readInput(ports.items, old, head)),
    acceptedAtMs: nowMs,
    accepted: true,
  };
}

/** Throws 400 if there are fewer entries, or one of the commands has not completed or was not recorded. */
function prefixOf(log: readonly Entry[], from: number, lastAppend: number): readonly Entry[] {
  if (from > log.length) {
    throw badField("query parameter 'from'", `the journal has ${log.length} entries`);
  }
  const kept = log.slice(0, from);
  assertReplayable(log, from, lastAppend);
  const signals = new Map(
    kept.flatMap((entry) => (entry.kind === "signal" ? [[entry.command, nameOfSignal(entry)] as const] : [])),
  );
  // A wait that was given up takes no delivery: it is the prefix's to know, and waits for none (decision 0016).
  const nameOf = (entry: Entry): string | undefined =>
    (entry.kind === "completion" ? signals.get(entry.command) : undefined) ?? completes(entry);
  const open = openIn(kept, nameOf);
  for (const entry of log.slice(from)) {
    const name = nameOf(entry);
    if (name !== undefined && take(open, name)) kept.push(entry);
  }
  if (open.size > 0) {
    throw badField("query parameter 'from'", "a command of that prefix has not completed");
  }
  return kept;
}

/** The append that ends an invocation drops its reads, since nothing depended on them any more. What follows them cannot be
 * replayed without them. */
function assertReplayable(log: readonly Entry[], from: number, lastAppend: number): void {
  const recorded = new Set(log.map(commandOf));
  const end = lastCommand(log.slice(lastAppend, from));
  for (let command = lastCommand(log.slice(0, lastAppend)) + 1; command < end; command++) {
    if (recorded.has(command)) continue;
    throw badField(
      "query parameter 'from'",
      "a read of that prefix was not recorded, since the code ended with it",
    );
  }
}

const lastCommand = (entries: readonly Entry[]): number =>
  entries.reduce((last, entry) => Math.max(last, commandOf(entry)), -1);
const commandOf = (entry: Entry): number => (isCommand(entry) ? entry.command : -1);

/** Commands whose results come from outside and are not there yet. Several may await one signal: each takes a delivery. */
function openIn(
  entries: readonly Entry[],
  nameOf: (entry: Entry) => string | undefined,
): Map<string, number> {
  const open = new Map<string, number>();
  const add = (name: string): unknown => open.set(name, (open.get(name) ?? 0) + 1);
  for (const entry of entries) {
    if (entry.kind === "signal") add(nameOfSignal(entry));
    else if (COMPLETED_FROM_OUTSIDE.has(entry.kind) && "command" in entry) add(nameOfCommand(entry));
  }
  for (const entry of entries) take(open, nameOf(entry) ?? "");
  return open;
}

/** Whether one of that name was open. */
function take(open: Map<string, number>, name: string): boolean {
  const count = open.get(name);
  if (count === undefined) return false;
  if (count > 1) open.set(name, count - 1);
  else open.delete(name);
  return true;
}

const COMPLETED_FROM_OUTSIDE: ReadonlySet<Entry["kind"]> = new Set<Entry["kind"]>([
  ...(["call", "sleep", "promise.get", "attach"] as const),
]);
const nameOfCommand = ({ command }: { readonly command: number }): string => `n${command}`;
const nameOfSignal = ({ signal }: { readonly signal: SignalKey }): string => `i${JSON.stringify(signal)}`;

function completes(entry: Entry): string | undefined {
  if (entry.kind === "completion") return nameOfCommand(entry);
  return entry.kind === "signalled" ? nameOfSignal(entry) : undefined;
}

/** The log in the head while that is small, else in pages. */
async function placed(
  items: ItemStore,
  { id, incarnation, acceptedAtMs }: Start,
  log: readonly Entry[],
): Promise<RestartedLog> {
  const values = log.map((entry) => encodeEntry(withoutMark(entry)));
  const length = { length: log.length, lastAppend: log.length };
  if (sizeOfValue(values) <= HEAD_BYTES_SOFT_MAX) return { ...length, paged: 0, tail: values };
  let from = 0;
  for (const page of inParts(values, RESTART_PAGE_BYTES_MAX, sizeOfValue)) {
    const attributes = pageAttributes(page, acceptedAtMs);
    await items.write({ op: "put", key: pageKey(id, incarnation, from), attributes });
    from += page.length;
  }
  return { ...length, paged: log.length, tail: [] };
}

/** Whatever looks like a reference is one if there is such an item: copying one that is none does no harm. */
async function copyValues(
  ports: AdminPorts,
  from: InvocationId,
  to: InvocationId,
  log: readonly Entry[],
): Promise<void> {
  const refs = [...new Set(log.map(largeValueOf).filter((value) => typeof value === "string"))];
  await eachAtOnce(refs, RESTART_COPIES_AT_ONCE, async (ref) => {
    const [first = ref] = itemNamesOf(ref);
    if (await ports.items.get(valueKey(from, first))) await copyValue(ports, placeOf(from), placeOf(to), ref);
  });
}
