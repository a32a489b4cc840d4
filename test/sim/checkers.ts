/** What must hold at the end, when the faults have stopped and nothing moves any more: M1, M2, J2, W3, L1, R16. */
import { type Observation, withoutReads } from "./interpreter.ts";
import { decodeOutcome } from "../../lib/model/outcome.ts";
import { lockKey, parseLock } from "../../lib/model/lock.ts";
import { isExclusiveId, statePartition } from "../../lib/model/ids.ts";
import { STATE_EDIT } from "../../lib/store/state-edit.ts";
import { type CommandEntry, type Entry, isCommand } from "../../lib/model/entry.ts";
import { isPart, placeOfPart } from "../../lib/model/entry-parts.ts";
import { parseHead } from "../../lib/model/head.ts";
import { decodeMessage, type Message, type Outgoing } from "../../lib/model/message.ts";
import { passIn } from "../../lib/store/guard-table.ts";
import { isFull } from "../../lib/model/status-table.ts";
import type { Accepted } from "./outside.ts";
import type { Tables } from "./tables.ts";
import type { Queue } from "./mailbox.ts";
import type { Life } from "./life.ts";
import type { Observer } from "./observer.ts";
import type { TimerService } from "./timers.ts";
import { journalValue, stateValue } from "./stored-value.ts";

export interface Ending {
  readonly tables: Tables;
  readonly queue: Queue;
  /** Of services' own. */
  readonly own?: Queue | undefined;
  readonly timers: TimerService;
  readonly observer: Observer;
  readonly accepted: readonly Accepted[];
  /** The ids under which each program ran. */
  readonly ranAs: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * L1 without the reconciler. An invocation that was only half accepted is left out: its client was promised nothing,
 * and the reconciler finds it.
 */
export function checkRest({ observer }: Ending): void {
  for (const life of observer.lives.values()) {
    const isHalfAccepted =
      (life.status === "scheduled" || life.status === "accepted") &&
      !observer.sentLives.has(`${life.id} ${life.incarnation}`);
    if (life.status !== "completed" && !isHalfAccepted) observer.fail("L1", stuck(life));
  }
}

/**
 * Nothing is left but notes that a full list does not take, and what they are for is paused, or its message is a dead letter: they come again, more and more
 * rarely, for as long as that lasts (decision 0018). So this is rest, as it is without them.
 */
export function doOnlyNotesWait({ timers, observer }: Pick<Ending, "timers" | "observer">): boolean {
  // A pass over guards ends by itself, if there is nothing for it to do.
  const isWaiting = (message: Outgoing): boolean =>
    passIn(message) === undefined && isKeptWaiting(decodeMessage(message.body), observer);
  return timers.open > 0 && timers.messages().every(isWaiting);
}

function isKeptWaiting(message: Message, { lives, acknowledged }: Observer): boolean {
  const life = lives.get(message.id);
  const needsPeople = life?.status === "paused" || acknowledged.dead.has(message.id);
  if (message.kind !== "notify" || !life || !needsPeople) return false;
  return isFull(parseHead(life.head), [message.note]);
}

/** At rest, before operators resume what is paused. */
export const checkResumes = ({ observer, queue }: Pick<Ending, "observer" | "queue">): void =>
  observer.acknowledged.checkRest(queue.deadLetters);

export function checkEnding(ending: Ending): void {
  checkAllEnded(ending);
  checkQueues(ending);
  checkAccepted(ending);
  checkCallees(ending);
  checkOnce(ending);
  checkBegun(ending);
  checkAccounts(ending);
  checkLocks(ending);
  checkState(ending);
  checkSharedReads(ending);
  checkBank(ending);
  checkMessages(ending);
  ending.observer.userTables.check();
  ending.observer.sources.checkEnding();
  ending.observer.acknowledged.checkEnding();
}

/** R23: nothing multiplies. */
function checkMessages({ observer }: Ending): void {
  let commands = 0;
  for (const { entries } of observer.lives.values()) commands += entries.filter(isCommand).length;
  const wrong = observer.messages.violation({ accepted: observer.lives.size, commands });
  // Newcomers of an earlier version wake the owner each time.
  if (wrong !== undefined && !observer.isMixed) observer.fail("R23", wrong);
}

/** L1: every invocation has ended. */
function checkAllEnded({ observer }: Ending): void {
  for (const life of observer.lives.values()) {
    if (life.status !== "completed") observer.fail("L1", `even with the reconciler: ${stuck(life)}`);
  }
}

function stuck({ id, target, status, entries, head }: Life): string {
  const waits = JSON.stringify(head["w"] ?? head["f"] ?? null).slice(0, 300);
  const notes = ((head["m"] as unknown[] | undefined) ?? []).map((note) =>
    Array.isArray(note) ? note.slice(0, 2).join(" ") : "",
  );
  return `${id} (${target.join("/")}) is ${status} at ${entries.length} entries and nothing will move it: waits ${waits}, notes [${notes.join(", ")}]`;
}

function checkQueues({ queue, own, timers, observer }: Ending): void {
  if (own && own.size > 0) observer.fail("L1", `${own.size} messages are left in an own mailbox`);
  if (queue.size > 0)
    observer.fail(
      "L1",
      `${queue.size} messages are left: ${[...queue.all()].map(({ body }) => body.slice(0, 120)).join(" ")}`,
    );
  if (timers.open > 0) observer.fail("L1", `${timers.open} timers are left`);
}

/** M1: what was acknowledged has run. */
function checkAccepted({ accepted, observer }: Ending): void {
  for (const { root, acceptances } of accepted) {
    for (const { id } of acceptances) {
      if (observer.lives.get(id)?.status !== "completed")
        observer.fail("M1", `${id} (${root.program.pid}) was acknowledged and has not ended`);
    }
  }
  for (const [id, { kind }] of observer.starts) {
    if (kind === "start" && !observer.lives.has(id))
      observer.fail("M1", `${id} has a Start and was never run`);
  }
}

/** M1, M2: every call and send in a log has made its callee, and every callee was made by one. */
function checkCallees({ observer }: Ending): void {
  const called = new Set<string>();
  for (const life of observer.lives.values()) {
    for (const entry of life.entries) {
      if (entry.kind !== "call" && entry.kind !== "send") continue;
      const { callee, command } = entry;
      called.add(callee);
      if (!observer.lives.has(callee))
        observer.fail("M1", `${life.id} has called ${callee} (command ${command}), which never was`);
    }
  }
  const ofPurged = startedByPurged(observer);
  for (const { id, origin } of observer.starts.values()) {
    if (origin.includes(".") && !called.has(id) && !ofPurged.has(id))
      observer.fail("J2", `${id} was started by ${origin}, whose log does not contain the call`);
  }
}

/** What an operator has purged may be asked for once more. Then it makes its calls a second time, and no log has the first ones. */
function startedByPurged({ starts, lives, acknowledged }: Observer): ReadonlySet<string> {
  const found = new Set<string>(acknowledged.purging);
  // What a caller has invoked itself has a head and no Start.
  const invoked = [...lives.values()].map(({ id, head }) => ({ id, origin: head["o"] }));
  for (let size = -1; size < found.size;) {
    size = found.size;
    for (const { id, origin } of [...starts.values(), ...invoked])
      if (typeof origin === "string" && found.has(origin.split(".")[0] ?? "")) found.add(id);
  }
  return found;
}

/** M2: a program runs as one invocation. */
function checkOnce({ accepted, ranAs, observer }: Ending): void {
  const ofPurged = startedByPurged(observer);
  const repeated = new Set(accepted.filter((one) => one.repeated).map(({ root }) => root.program.pid));
  for (const [pid, ids] of ranAs) {
    // A program that was requested twice makes its calls twice.
    if ([...ids].filter((id) => !ofPurged.has(id)).length > 1 && repeated.size === 0)
      observer.fail("M2", `${pid} ran as ${[...ids].join(" and ")}`);
  }
}

/** M1: what has run a step has become an invocation, whoever was told of it. */
function checkBegun({ observer }: Ending): void {
  for (const name of observer.accounts.keys()) {
    const [id = ""] = name.split(" ");
    if (!observer.lives.has(id)) observer.fail("M1", `${id} has run a step, and never was`);
  }
}

/** J2: no step ran because of something that the final log contradicts, such as another winner of a race. */
function checkAccounts({ observer, tables }: Ending): void {
  for (const [name, accounts] of observer.accounts) {
    const [id = "", incarnation] = name.split(" ");
    const life = observer.lives.get(id);
    if (life?.incarnation !== Number(incarnation) || life.status !== "completed") continue;
    const seen = seenBy(tables, life);
    if (!seen) continue;
    const truth = JSON.stringify(withoutReads(seen));
    const wrong = accounts.find((account) => !truth.startsWith(account.seen));
    if (wrong)
      observer.fail(
        "J2",
        `step ${wrong.step} of ${id} ran on account of ${wrong.seen}]; the result says ${truth}`,
      );
  }
}

/** What the code of a succeeded life has observed. Its result says it. */
function seenBy(tables: Tables, life: Life): Observation[] | undefined {
  const result = life.status === "completed" ? bytesOfResult(tables, life) : undefined;
  if (!result) return undefined;
  return (JSON.parse(new TextDecoder().decode(result)) as { seen: Observation[] }).seen;
}

/** W3: a shared handler may read any version of a value, but never a mixture of two. */
function checkSharedReads({ observer, tables }: Ending): void {
  for (const life of observer.lives.values()) {
    const [service = "", handler, key = ""] = life.target;
    if (handler !== "look") continue;
    for (const [kind, name, value] of seenBy(tables, life) ?? []) {
      if (kind !== "get" || value === null) continue;
      const written = observer.state.get(`${statePartition(service, key)} ${String(name)}`) ?? [];
      const read = JSON.stringify(value);
      if (!written.some((one) => one.value === read))
        observer.fail("W3", `${life.id} has read ${String(name)} as ${read}, which nobody has written`);
    }
  }
}

/** L1, R6: no key is blocked. A zombie's late request may leave a lock, as long as no invocation waits behind it. */
function checkLocks({ tables, observer }: Ending): void {
  for (const life of observer.lives.values()) {
    const [service = "", , key] = life.target;
    if (!isExclusiveId(life.id) || key === undefined) continue;
    const item = tables.get(lockKey(service, key));
    if (!item) continue;
    const lock = parseLock(item);
    if (lock.inline.length > 0 || lock.from < lock.to) {
      observer.fail(
        "L1",
        `the lock of ${service}/${key} has ended ${lock.owner.id} for its owner and ${lock.inline.length + lock.to - lock.from} parked`,
      );
    }
  }
}

/** W3: a key's state is what its invocations' logs say, in the order of their tokens. */
function checkState({ observer, tables }: Ending): void {
  const byKey = new Map<string, Life[]>();
  // A life that was purged, and whose id lives again, has left its state to the key.
  const all = new Set([...observer.lives.values(), ...[...observer.begun.values()].flat()]);
  for (const life of all) {
    const [service = "", , key] = life.target;
    // Only the last life of such a name is known here. LIFE in observer.ts checks what each life may see.
    if (!isExclusiveId(life.id) || key === undefined || service === "BW") continue;
    // The state of a workflow goes with its run.
    if (service === "W" && observer.acknowledged.purging.has(life.id)) continue;
    const partition = statePartition(service, key);
    byKey.set(partition, [...(byKey.get(partition) ?? []), life]);
  }
  for (const [partition, lives] of byKey) {
    const state = new Map<string, string>();
    for (const life of lives.toSorted((one, other) => ((one.token ?? "") < (other.token ?? "") ? -1 : 1))) {
      replay(observer, tables, life, state);
    }
    compareState(observer, tables, partition, state);
  }
}

function compareState(
  observer: Observer,
  tables: Tables,
  partition: string,
  state: ReadonlyMap<string, string>,
): void {
  for (const [name, value] of state) {
    const item = tables.get({ table: "state", pk: partition, sk: name });
    const bytes = stateValue(tables, partition, name, item);
    const held = bytes ? new TextDecoder().decode(bytes) : null;
    if (held !== value) observer.fail("W3", `${name} of ${partition} is ${held}; the journals say ${value}`);
  }
  for (const { pk, sk, item } of tables.all("state")) {
    if (pk === partition && (item["val"] ?? item["c"]) !== undefined && !state.has(sk)) {
      observer.fail("W3", `${sk} of ${partition} is there, and the journals have cleared it`);
    }
  }
}

/** In the order of commands, which is the program's order. The log has a read where it ended. */
function replay(observer: Observer, tables: Tables, life: Life, state: Map<string, string>): void {
  const own = wholeCommands(life.entries.slice(life.copied));
  const before = wholeCommands(life.entries.slice(0, life.copied));
  for (const entry of own.toSorted((a, b) => a.command - b.command)) {
    before.push(entry);
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- all others have nothing to do with state
    switch (entry.kind) {
      case "set":
        state.set(entry.name, text(observer, tables, life, entry.value));
        break;
      case "clear":
        state.delete(entry.name);
        break;
      case "clearAll": {
        // An operator's edit names what goes, and sets the rest.
        const isAll = life.target[1] !== STATE_EDIT;
        for (const name of [...state.keys()]) {
          if (entry.names.includes(name)) state.delete(name);
          else if (isAll) observer.fail("W3", `clearAll of ${life.id} missed ${name}`);
        }
        break;
      }
      case "get": {
        const { name, value } = entry;
        const seen = value === null ? undefined : text(observer, tables, life, value);
        if (seen !== state.get(name))
          observer.fail("W3", `${life.id} has read ${name} as ${seen}; it was ${state.get(name)}`);
        break;
      }
      case "stateKeys": {
        const names = namesSeen(state, before).join();
        if (names !== entry.names.join())
          observer.fail("W3", `${life.id} has read the keys ${entry.names.join()}; they were ${names}`);
        break;
      }
      default:
    }
  }
  checkEdit(observer, life, own, state);
}

/** The store's names, as somebody sees them who has written and read this before. What a restart was given of another's log counts as its
 * own: its code has done it (seeds 901354, 35324). Others may have written since. */
function namesSeen(state: ReadonlyMap<string, string>, before: readonly CommandEntry[]): string[] {
  const lastClearAll = before.findLastIndex(({ kind }) => kind === "clearAll");
  const names = new Set(lastClearAll < 0 ? state.keys() : []);
  for (const entry of before.slice(lastClearAll + 1)) {
    if (entry.kind === "set") names.add(entry.name);
    if (entry.kind === "clear") names.delete(entry.name);
    if (entry.kind !== "get") continue;
    if (entry.value === null) names.delete(entry.name);
    else names.add(entry.name);
  }
  return [...names].toSorted();
}

const isSameKey = ({ target: [service, , key] }: Life, { target }: Life): boolean =>
  service === target[0] && key === target[2];

/** EDIT: the state is what an edit says, and nothing else. A refused one, whose version is another, sets nothing. */
function checkEdit(
  observer: Observer,
  life: Life,
  own: readonly CommandEntry[],
  state: Map<string, string>,
): void {
  if (life.target[1] !== STATE_EDIT || !decodeOutcome(life.head["x"]).ok) return;
  const names = new Set(own.flatMap((entry) => (entry.kind === "set" ? [entry.name] : [])));
  // What the mailbox had given up has written later than its token says.
  for (const late of observer.lives.values())
    if (isSameKey(late, life) && observer.acknowledged.isBehind(late))
      for (const entry of late.entries) if (entry.kind === "set") names.add(entry.name);
  const left = [...state.keys()].filter((name) => !names.has(name));
  if (left.length > 0) observer.fail("EDIT", `the edit ${life.id} has left ${left.join()}`);
}

/** The commands, each with the names of its parts (lib/model/entry-parts.ts). Of a command that a turn died in there may be
 * parts of more than one attempt: what the earlier ones have cleared is cleared; what they have read counts for nothing. */
function wholeCommands(log: readonly Entry[]): CommandEntry[] {
  const before = new Map<number, readonly string[]>();
  const whole: CommandEntry[] = [];
  for (const entry of log.filter(isCommand)) {
    if (entry.kind !== "clearAll" && entry.kind !== "stateKeys") {
      whole.push(entry);
      continue;
    }
    const { command, index } = placeOfPart(entry.command);
    const isFirst = entry.kind === "stateKeys" && isPart(entry) && index === 0;
    const names = [...(isFirst ? [] : (before.get(command) ?? [])), ...entry.names];
    if (isPart(entry)) before.set(command, names);
    else whole.push({ ...entry, names });
  }
  return whole;
}

/** What a purge has removed is known from before. */
function text({ values }: Observer, tables: Tables, { id }: Life, value: unknown): string {
  const bytes =
    typeof value === "string" ? (journalValue(tables, id, value) ?? values.get(`${id} ${value}`)) : value;
  return bytes instanceof Uint8Array ? new TextDecoder().decode(bytes) : `missing ${String(value)}`;
}

/**
 * M2: every transfer took place once, as a whole, so the balances sum to zero. A step may give up by its own bound. That
 * leaves a transfer half done, and then nothing can be checked.
 */
function checkBank({ accepted, observer, tables }: Ending): void {
  const transfers = accepted.filter(({ root }) => root.idempotencyKey?.startsWith("transfer-") === true);
  const lives = transfers.flatMap(({ acceptances }) => observer.lives.get(acceptances[0]?.id ?? "") ?? []);
  if (transfers.length === 0 || lives.some((life) => resultOf(tables, life).startsWith("failed"))) return;
  let sum = 0;
  for (const { pk, sk, item } of tables.all("state")) {
    if (pk.includes(".state.bank-") && sk === "balance" && item["val"] instanceof Uint8Array) {
      sum += Number(new TextDecoder().decode(item["val"]));
    }
  }
  if (sum !== 0) observer.fail("M2", `the balances of all accounts sum to ${sum}, not to 0`);
}

/** A step's result names its execution, which differs between runs. */
export const withoutCounts = (result: string): string => result.replaceAll(/#\d+⟧/g, "⟧");

/** The result of an ended invocation, as its client would see it, without the counts that differ between runs. */
export function resultOf(tables: Tables, life: Life): string {
  const outcome = decodeOutcome(life.head["x"]);
  if (!outcome.ok) return `failed ${outcome.failure.code} ${outcome.failure.message}`;
  const bytes = bytesOfResult(tables, life);
  return bytes ? withoutCounts(new TextDecoder().decode(bytes)) : "missing";
}

export function bytesOfResult(tables: Tables, life: Life): Uint8Array | undefined {
  const outcome = decodeOutcome(life.head["x"]);
  if (!outcome.ok) return undefined;
  return "ref" in outcome ? journalValue(tables, life.id, outcome.ref) : outcome.value;
}
