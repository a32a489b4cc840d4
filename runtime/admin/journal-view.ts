/** Journal entries in readable JSON. `docs/journal-format.md` says what each holds. */
import type {
  AttachEntry,
  Call,
  CallEntry,
  CancelEntry,
  ClearAllEntry,
  ClearEntry,
  CompletePromiseEntry,
  Entry,
  GetEntry,
  GetPromiseEntry,
  PeekEntry,
  RunEntry,
  SendEntry,
  SetEntry,
  SignalKey,
  StateKeysEntry,
} from "../../lib/model/entry.ts";
import type { EntryTimes } from "../../lib/model/entry-times.ts";
import { deliveryOf, placeOfPart } from "../../lib/model/entry-parts.ts";
import { awakeableId, type Incarnation, type InvocationId } from "../../lib/model/ids.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import type { Value } from "../../lib/model/value.ts";
import { type ValueLoader, viewHeaders, viewOutcome, viewTime } from "./value-view.ts";
import { targetText } from "../../lib/model/target-text.ts";

/** Whose journal it is, and what loads its large values. */
export interface JournalOwner {
  readonly loader: ValueLoader;
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
}

type View<E extends Entry> = (entry: E, owner: JournalOwner) => object | Promise<object>;
type Views = { readonly [Kind in Entry["kind"]]: View<Extract<Entry, { readonly kind: Kind }>> };

const result = ({ loader }: JournalOwner, value: Value) => viewOutcome(loader, value);

/** `writes`: of a `ctx.transact`, those to the user's tables. */
const ofStep: View<RunEntry> = async ({ command, name, outcome, writes }, owner) => ({
  ...{ command, name, result: await result(owner, outcome) },
  ...(writes === undefined ? {} : { writes }),
});
const ofOutcome: View<PeekEntry | CompletePromiseEntry> = async ({ command, name, outcome }, owner) => ({
  command,
  name,
  result: await result(owner, outcome),
});
const ofState: View<GetEntry | SetEntry> = async ({ command, name, value }, owner) => ({
  command,
  name,
  ...((await result(owner, value)) ?? { value: null }),
});
const ofName: View<ClearEntry | GetPromiseEntry> = ({ command, name }) => ({ command, name });
const ofNames: View<StateKeysEntry | ClearAllEntry> = ({ command, names }) => ({
  command: placeOfPart(command).command,
  names,
});
const ofInvocation: View<AttachEntry | CancelEntry> = ({ command, id }) => ({
  command,
  invoked_id: shownId(id),
});
const ofCall: View<CallEntry | SendEntry> = async ({ command, callee, call }, owner) => ({
  command,
  invoked_id: shownId(callee),
  ...(await viewCall(owner, call)),
});

const VIEWS: Views = {
  run: ofStep,
  peek: ofOutcome,
  "promise.complete": ofOutcome,
  get: ofState,
  set: ofState,
  clear: ofName,
  "promise.get": ofName,
  stateKeys: ofNames,
  clearAll: ofNames,
  call: ofCall,
  send: ofCall,
  attach: ofInvocation,
  cancel: ofInvocation,
  sleep: ({ command, dueAtMs, name }) => ({
    command,
    ...(name === "" ? {} : { name }),
    due_at: viewTime(dueAtMs),
  }),
  signal: ({ command, signal, label }, owner) => ({
    command,
    ...(label === undefined ? {} : { name: label }),
    ...viewSignal(signal, owner),
  }),
  sendSignal: async ({ command, id, incarnation, signal, outcome }, owner) => ({
    command,
    ...(typeof signal === "number" && incarnation !== null
      ? viewSignal(signal, { id, incarnation })
      : { invoked_id: shownId(id), signal }),
    result: await result(owner, outcome),
  }),
  completion: async ({ command, outcome }, owner) => ({ command, result: await result(owner, outcome) }),
  signalled: async ({ signal, outcome }, owner) => ({
    ...viewSignal(signal, owner),
    result: await result(owner, outcome),
  }),
  cancelled: ({ delivery, callees }) => ({ delivery: deliveryOf(delivery), cancelled: callees.map(shownId) }),
};

/** The entry's kind, its command's number if it has one, what it says, and when it was made, if the log has that. Large values are
 * loaded, up to the loader's total. */
export async function viewEntry(owner: JournalOwner, entry: Entry, times?: EntryTimes): Promise<object> {
  const view = VIEWS[entry.kind] as View<Entry>;
  return { type: entry.kind, ...(await view(entry, owner)), ...(times && viewTimes(entry, times)) };
}

/** A step takes its time. Anything else was issued, or came, at once. */
function viewTimes({ kind }: Entry, { append, startedAtMs, atMs, tries }: EntryTimes): object {
  if (kind !== "run") return { at: viewTime(atMs), append };
  return { started_at: viewTime(startedAtMs), ended_at: viewTime(atMs), attempts: tries, append };
}

/** A signal has a name; an awakeable has a number, and an id that others know it by. */
function viewSignal(key: SignalKey, { id, incarnation }: Omit<JournalOwner, "loader">): object {
  return typeof key === "number"
    ? { awakeable_id: awakeableId({ id, incarnation, index: key }) }
    : { signal: key };
}

async function viewCall(owner: JournalOwner, call: Call): Promise<object> {
  const { input, headers, idempotencyKey, dueAtMs, name, acceptedAtMs } = call;
  return {
    invoked_target: targetText(call),
    ...(name === null ? {} : { name }),
    input: await result(owner, input),
    ...(Object.keys(headers).length === 0 ? {} : { headers: viewHeaders(headers) }),
    ...(idempotencyKey === null ? {} : { idempotency_key: idempotencyKey }),
    ...(dueAtMs === null ? {} : { due_at: viewTime(dueAtMs) }),
    accepted_at: viewTime(acceptedAtMs),
  };
}
