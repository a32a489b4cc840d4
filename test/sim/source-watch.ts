/**
 * What must hold of records, as they are delivered and at the end: E1 to E5 of docs/decisions/0042-events.md.
 *
 * A record is certain when the mailbox has had its Start, or when it is set aside. A source may forget no other one.
 */
import type { Attributes, ItemKey } from "../../lib/model/item.ts";
import type { Start } from "../../lib/model/message.ts";
import type { Value } from "../../lib/model/value.ts";
import { textField } from "../../runtime/events/event-fields.ts";
import type { Actor } from "./actor.ts";
import type { Program } from "./program.ts";
import { markOf, programIn, type SimRecord } from "./source-events.ts";
import { isKeyed, isOrdered, isRun, type SubscriptionPlan } from "./source-plan.ts";

/** One subscription's view of a source. */
export interface Subscribed {
  readonly plan: SubscriptionPlan;
  /** `sub_1…` */
  readonly id: string;
  readonly records: readonly SimRecord[];
}

/** A record of which no invocation can be made. */
export const isWrong = ({ wrong }: SimRecord, { callee, keyIfMissing }: SubscriptionPlan): boolean => {
  if (wrong === undefined) return false;
  if (wrong === "headers" || wrong === "unreadable") return true;
  return isKeyed(callee) && (wrong === "bad-key" || keyIfMissing === undefined);
};

const runOf = ({ callee }: SubscriptionPlan, key: string | undefined): string => `${callee}/${key ?? ""}`;
const nameOf = ({ program: { pid } }: SimRecord, { name }: SubscriptionPlan): string => `${pid}@${name}`;

export class SourceWatch {
  /** By name. */
  readonly #subscribed = new Map<string, Subscribed>();
  /** By their names, `pid@subscription`. */
  readonly #records = new Map<string, { readonly record: SimRecord; readonly of: Subscribed }>();
  readonly #sent = new Set<string>();
  /** Targets of workflows' runs that were sent. */
  readonly #runs = new Set<string>();
  /** What was set aside, by subscription and coordinates: why. */
  readonly #aside = new Map<string, string>();
  /** Lives in which a record's code has run. */
  readonly #ran = new Map<string, Set<string>>();
  /** The last record that has begun, by subscription, lane and key. */
  readonly #begun = new Map<string, bigint>();
  /** Somebody has moved the group over them: they run late, or not at all. */
  readonly #skipped = new Set<string>();
  /** An operator has tried it again: whether he was told that it runs. */
  readonly #retried = new Map<string, boolean>();
  /** Sources that have not delivered everything. */
  readonly open = new Set<string>();
  readonly #fail: (rule: string, message: string) => void;
  readonly #count: (operation: string) => void;

  constructor(fail: (rule: string, message: string) => void, count: (operation: string) => void) {
    this.#fail = fail;
    this.#count = count;
  }

  get isOn(): boolean {
    return this.#subscribed.size > 0;
  }

  subscribe(subscribed: Subscribed): void {
    this.#subscribed.set(subscribed.plan.name, subscribed);
    for (const record of subscribed.records)
      this.#records.set(nameOf(record, subscribed.plan), { record, of: subscribed });
  }

  // --- what happens ------------------------------------------------------------------------------------------

  /** The mailbox has taken a Start. */
  sent({ origin, target }: Start, input: Value): void {
    if (!this.isOn) return;
    const id = /^record~([^~]+)~/u.exec(origin)?.[1];
    const of = [...this.#subscribed.values()].find((each) => each.id === id);
    if (id === undefined) return;
    const program = input instanceof Uint8Array ? programIn(parsed(input)) : undefined;
    if (!of || !program) return this.#fail("E1", `a Start is of no known subscription or record: ${origin}`);
    this.#sent.add(`${program.pid}@${of.plan.name}`);
    if (isRun(of.plan.callee)) this.#runs.add(runOf(of.plan, target.key));
  }

  /** An item of a subscription was written. */
  written({ pk, sk }: ItemKey, before: Attributes | undefined, item: Attributes | undefined): void {
    if (pk.startsWith("source.") && sk.startsWith("mark.")) this.#marked(pk.slice(7), sk, before, item);
    if (pk.startsWith("source.") && sk.startsWith("ran.")) this.#count("record's run gave way");
    if (pk.startsWith("rejected.") && sk.startsWith("rej_"))
      this.#setAside(pk.slice(9), before ?? {}, item ?? {});
  }

  /** E5: once; and what somebody has decided stays so. */
  #setAside(subscription: string, before: Attributes, item: Attributes): void {
    const { coordinates = "" } = (item["record"] ?? {}) as { coordinates?: string };
    const name = `${subscription} ${coordinates}`;
    const [was, reason = ""] = [textField(before, "status"), textField(item, "reason")];
    if (was === undefined && this.#aside.has(name)) this.#fail("E5", `${name} is set aside twice`);
    if (was !== undefined && was !== "waiting") this.#fail("E5", `${name} was ${was}, and is set aside anew`);
    this.#aside.set(name, reason);
    this.#count(was === undefined ? `set aside: ${reason}` : "set aside: decided");
  }

  /** E4: below it everything is certain, but for its gaps; it only grows. */
  #marked(name: string, sk: string, before: Attributes | undefined, item: Attributes | undefined): void {
    const [was = "", is = ""] = [before, item].map((held) => textField(held ?? {}, "p"));
    const lane = sk.slice(sk.indexOf(".", "mark.".length) + 1);
    this.#count("mark");
    if (is < was) return this.#fail("E4", `${name} ${lane}: ${is} after ${was}`);
    const of = this.#subscribed.get(name);
    const own = of?.records.filter((record) => markOf(record) === lane) ?? [];
    if (!of || own.length === 0) return this.#fail("E4", `a mark of no lane: ${name} ${lane}`);
    const gaps = [...(textField(item ?? {}, "gaps") ?? "").matchAll(/(\d+)-(\d+)/gu)];
    const isLeftOut = ({ number }: SimRecord): boolean =>
      gaps.some(([, from, to]) => BigInt(from ?? 0) <= number && number <= BigInt(to ?? 0));
    const open = own.find(
      (record) => record.number <= BigInt(is) && !isLeftOut(record) && !this.#isCertain(record, of.plan),
    );
    if (open) this.#fail("E4", `the mark of ${name} ${lane} is ${BigInt(is)}; not so ${open.coordinates}`);
  }

  #isCertain(record: SimRecord, plan: SubscriptionPlan): boolean {
    return (
      this.#sent.has(nameOf(record, plan)) ||
      this.#aside.has(`${plan.name} ${record.coordinates}`) ||
      this.#isRunStarted(record, plan)
    );
  }

  /** A workflow runs for one record of each key, whichever subscription's it is. */
  #isRunStarted(record: SimRecord, plan: SubscriptionPlan): boolean {
    return isRun(plan.callee) && this.#runs.has(runOf(plan, keyOf(record, plan)));
  }

  /** E2: the source is told that it need not deliver them again. */
  acknowledged({ plan }: Subscribed, records: readonly SimRecord[]): void {
    const open = records.find((record) => !this.#isCertain(record, plan));
    if (open)
      this.#fail("E2", `${plan.name} is told that ${open.coordinates} is accepted, and nothing has it`);
  }

  /** What the handler gets, as the interpreter takes it. */
  program(input: unknown, subscription: string): Program {
    const found = programIn(input);
    const of = this.#subscribed.get(subscription);
    if (!found || !of) throw new TypeError(`sim: no record of ${subscription}: ${JSON.stringify(input)}`);
    return { ...found, pid: `${found.pid}@${subscription}`, callee: of.plan.callee };
  }

  /** E1, E3: a record's code runs, perhaps not for the first time. */
  entered({ turn }: Actor, pid: string, id: string): void {
    const found = this.#records.get(pid);
    if (!found) return;
    const { record, of } = found;
    const lives = this.#ran.get(pid) ?? new Set();
    const isFirst = lives.size === 0;
    this.#ran.set(pid, lives.add(`${id} ${turn?.incarnation ?? 0}`));
    if (lives.size > 1)
      this.#fail("E1", `${record.coordinates} of ${of.plan.name} runs as ${[...lives].join(" and ")}`);
    if (isWrong(record, of.plan) && !this.#retried.has(pid))
      this.#fail("E5", `${record.coordinates} of ${of.plan.name} (${record.wrong}) runs`);
    if (isFirst && !this.#retried.has(pid) && !this.#skipped.has(pid)) this.#begins(record, of.plan);
  }

  /** E3: of a key, in the order of its lane. */
  #begins(record: SimRecord, plan: SubscriptionPlan): void {
    const key = keyOf(record, plan);
    if (!isOrdered(record.source.kind) || plan.callee !== "exclusive" || key === undefined) return;
    // Batches of a lane are of other keys, if several come at once.
    const place = `${plan.name} ${record.lane} ${record.key} ${key}`;
    const last = this.#begun.get(place) ?? -1n;
    if (last > record.number) this.#fail("E3", `${record.coordinates} begins after number ${last}`);
    this.#begun.set(place, record.number);
  }

  /** The group is about to be moved over them. */
  skips({ plan }: Subscribed, records: readonly SimRecord[]): void {
    for (const record of records) this.#skipped.add(nameOf(record, plan));
  }

  // --- operators ---------------------------------------------------------------------------------------------

  /** A retry is asked for. */
  retries(subscription: string, coordinates: string): (status: number) => void {
    const name = [...this.#records].find(
      ([, { record, of }]) => of.plan.name === subscription && record.coordinates === coordinates,
    )?.[0];
    if (name === undefined) return () => this.#fail("E5", `${coordinates} is set aside, and is no record`);
    this.#retried.set(name, this.#retried.get(name) ?? false);
    return (status) => {
      if (status === 202) this.#retried.set(name, true);
    };
  }

  // --- the end -----------------------------------------------------------------------------------------------

  checkEnding(): void {
    for (const name of this.open) this.#fail("L1", `the source of ${name} has not delivered everything`);
    for (const subscribed of this.#subscribed.values())
      for (const record of subscribed.records)
        if (!this.#skipped.has(nameOf(record, subscribed.plan))) this.#checkRecord(record, subscribed.plan);
  }

  #checkRecord(record: SimRecord, plan: SubscriptionPlan): void {
    const name = nameOf(record, plan);
    const runs = this.#ran.get(name)?.size ?? 0;
    const aside = this.#aside.get(`${plan.name} ${record.coordinates}`);
    const isExpected = isWrong(record, plan) ? this.#retried.get(name) === true : aside === undefined;
    const isOneOfMany = isRun(plan.callee) && (this.#retried.has(name) || this.#isRunStarted(record, plan));
    if (isExpected && runs !== 1 && !isOneOfMany)
      this.#fail("E1", `${record.coordinates} of ${plan.name} has run ${runs} times`);
    if (isWrong(record, plan) && aside === undefined)
      this.#fail("E5", `${record.coordinates} of ${plan.name} (${record.wrong}) is not set aside`);
    if (!isWrong(record, plan) && aside !== undefined && aside !== "in-doubt")
      this.#fail("E5", `${record.coordinates} of ${plan.name} is set aside: ${aside}`);
  }
}

/** That its invocation has. `undefined`: none, or one of its own. */
export function keyOf(
  { key, wrong }: SimRecord,
  { callee, keyIfMissing }: SubscriptionPlan,
): string | undefined {
  if (!isKeyed(callee)) return undefined;
  if (wrong !== "no-key" && wrong !== "empty-key") return key;
  return keyIfMissing === "random" ? undefined : "missing";
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
