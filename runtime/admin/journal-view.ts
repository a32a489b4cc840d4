/** Journal entries in readable JSON. `docs/journal-format.md` says what each holds. */
import {
  type AttachEntry,
  type CallEntry,
  type CallValue,
  type CancelEntry,
  type ClearAllEntry,
  type ClearEntry,
  ENTRY_NAMES,
  type Entry,
  type GetEntry,
  type KeysEntry,
  type PeekEntry,
  type PromiseEntry,
  type ResolveEntry,
  type RunEntry,
  type SendEntry,
  type SetEntry,
} from "../../lib/model/entry.ts";
import { awakeableId, type Incarnation, type InvocationId } from "../../lib/model/ids.ts";
import type { Value } from "../../lib/model/value.ts";
import { type ValueLoader, viewOutcome, viewTime } from "./value-view.ts";

/** Whose journal it is, and what loads its large values. */
export interface JournalOwner {
  readonly loader: ValueLoader;
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
}

type View<E extends Entry> = (entry: E, owner: JournalOwner) => object | Promise<object>;
type Views = { readonly [Kind in Entry[0]]: View<Extract<Entry, [Kind, ...unknown[]]>> };

const result = ({ loader }: JournalOwner, value: Value) => viewOutcome(loader, value);

const ofOutcome: View<RunEntry | PeekEntry | ResolveEntry> = async ([, command, name, value], owner) => ({
  command,
  name,
  result: await result(owner, value),
});
const ofState: View<GetEntry | SetEntry> = async ([, command, name, value], owner) => ({
  command,
  name,
  ...((await result(owner, value)) ?? { value: null }),
});
const ofName: View<ClearEntry | PromiseEntry> = ([, command, name]) => ({ command, name });
const ofNames: View<KeysEntry | ClearAllEntry> = ([, command, names]) => ({ command, names });
const ofInvocation: View<AttachEntry | CancelEntry> = ([, command, id]) => ({ command, invoked_id: id });
const ofCall: View<CallEntry | SendEntry> = async ([, command, id, call], owner) => ({
  command,
  invoked_id: id,
  ...(await viewCall(owner, call)),
});

const VIEWS: Views = {
  r: ofOutcome,
  q: ofOutcome,
  v: ofOutcome,
  g: ofState,
  s: ofState,
  d: ofName,
  p: ofName,
  k: ofNames,
  D: ofNames,
  c: ofCall,
  o: ofCall,
  h: ofInvocation,
  y: ofInvocation,
  z: ([, command, dueAtMs, name]) => ({
    command,
    ...(name === "" ? {} : { name }),
    due_at: viewTime(dueAtMs),
  }),
  a: ([, command, key], owner) => ({ command, ...viewSignal(key, owner) }),
  t: async ([, command, id, incarnation, key, outcome], owner) => ({
    command,
    ...(typeof key === "number" && incarnation !== null
      ? viewSignal(key, { id, incarnation })
      : { invoked_id: id, signal: key }),
    result: await result(owner, outcome),
  }),
  n: async ([, command, outcome], owner) => ({ command, result: await result(owner, outcome) }),
  i: async ([, key, , outcome], owner) => ({
    ...viewSignal(key, owner),
    result: await result(owner, outcome),
  }),
  x: ([, delivery, cancelled]) => ({ delivery, cancelled }),
};

/** The entry's kind, its command's number if it has one, and what it says. Large values are loaded, up to the loader's total. */
export async function viewEntry(owner: JournalOwner, entry: Entry): Promise<object> {
  const view = VIEWS[entry[0]] as View<Entry>;
  return { type: ENTRY_NAMES[entry[0]], ...(await view(entry, owner)) };
}

/** A signal has a name; an awakeable has a number, and an id that others know it by. */
function viewSignal(key: Value, { id, incarnation }: Omit<JournalOwner, "loader">): object {
  return typeof key === "number"
    ? { awakeable_id: awakeableId({ id, incarnation, index: key }) }
    : { signal: key };
}

async function viewCall(owner: JournalOwner, call: CallValue): Promise<object> {
  const [service, handler, key, input, headers, idempotencyKey, dueAtMs, name, acceptedAtMs] = call;
  return {
    invoked_target: key === null ? `${service}/${handler}` : `${service}/${key}/${handler}`,
    ...(name === null ? {} : { name }),
    input: await result(owner, input),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(idempotencyKey === null ? {} : { idempotency_key: idempotencyKey }),
    ...(dueAtMs === null ? {} : { due_at: viewTime(dueAtMs) }),
    accepted_at: viewTime(acceptedAtMs),
  };
}
