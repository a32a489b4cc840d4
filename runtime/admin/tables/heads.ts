/**
 * The invocations that a query needs: by their ids, by the index, or by looking at all.
 *
 * An answer by id is read strongly. By an index the heads are read strongly, and the index may lag. A scan may lag.
 */
import { eachAtOnce } from "../../../lib/at-once.ts";
import { DATE_MS_MAX } from "../../../lib/limits/http.ts";
import { QUERY_PAGE, QUERY_READS_AT_ONCE } from "../../../lib/limits/query.ts";
import type { Head } from "../../../lib/model/head.ts";
import { isExpired } from "../../../lib/model/head-age.ts";
import { HEAD, headKey } from "../../../lib/model/head-keys.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import { idIn, type ListedPart } from "../../../lib/model/listing.ts";
import { storedId } from "../../../lib/model/shown-id.ts";
import { workflowIdOf } from "../../../lib/store/workflow-life.ts";
import { fitsPredicate, type Predicate, valuesFor } from "../../query/predicate.ts";
import type { TableRequest } from "../../query/query.ts";
import { targetServices } from "../../query/scopes.ts";
import { type FoundInvocation, type InvocationFilter, readable } from "../invocation-index.ts";
import { STATUS_VIEWS, type StatusView, viewStatus } from "../invocation-view.ts";
import type { AdminExchange } from "../ports.ts";
import type { QueryBudget } from "./budget.ts";

type Wanted = TableRequest["mentions"][number];

/** What a mention asks for, in the words of the index. */
interface Asked {
  readonly ids?: readonly InvocationId[];
  readonly services?: readonly string[];
  readonly keys?: readonly string[];
  readonly statuses?: readonly StatusView[];
  readonly created?: { readonly fromMs: number; readonly untilMs: number };
}

/** What a row of a table says of its invocation. */
export interface HeadTable {
  /** The invocation's statuses that have rows with this value in `status`. */
  readonly statusesOf: (status: string) => readonly StatusView[];
  /** Statuses that have rows at all. */
  readonly statuses?: readonly StatusView[];
}

export class Heads {
  readonly #exchange: AdminExchange;
  readonly #budget: QueryBudget;
  /** All that was read, for tables that show the same invocations. */
  readonly #known = new Map<InvocationId, Head>();
  readonly #asked = new Map<string, Promise<readonly FoundInvocation[]>>();
  readonly #mayScan: boolean;

  constructor(exchange: AdminExchange, budget: QueryBudget, mayScan: boolean) {
    this.#exchange = exchange;
    this.#budget = budget;
    this.#mayScan = mayScan;
  }

  /** Those that fit one of the mentions, each once. `row`: what a table shows of one, for limits. */
  async find(
    mentions: readonly Wanted[],
    table: HeadTable,
    row: (found: FoundInvocation) => Readonly<Record<string, unknown>> | undefined,
  ): Promise<readonly FoundInvocation[]> {
    const all = new Map<InvocationId, FoundInvocation>();
    for (const mention of mentions) {
      const fits = (found: FoundInvocation): boolean => {
        const shown = row(found);
        return (
          shown !== undefined && mention.predicates.every((one) => fitsPredicate(one, shown[one.column]))
        );
      };
      for (const found of await this.#fitting(mention, askedBy(mention.predicates, table), fits))
        all.set(found.id, found);
    }
    return [...all.values()];
  }

  async #fitting(
    mention: Wanted,
    asked: Asked,
    fits: (found: FoundInvocation) => boolean,
  ): Promise<readonly FoundInvocation[]> {
    const { limit } = mention;
    if (asked.ids) return (await this.byIds(asked.ids)).filter(fits);
    // Lists of several services are in order each, and not together.
    const isOrdered = (asked.services?.length ?? 1) === 1 && (asked.keys?.length ?? 1) === 1;
    const isFound =
      limit?.order === undefined || (isOrdered && (this.#isListed(asked) || !this.#isScan(asked)));
    if (limit && isFound) return await this.#first(asked, limit, fits);
    const name = JSON.stringify(asked);
    const found = this.#asked.get(name) ?? this.#all(asked);
    this.#asked.set(name, found);
    return await found;
  }

  /** Strong reads. What is not there is left out. */
  async byIds(ids: readonly InvocationId[]): Promise<readonly FoundInvocation[]> {
    const { items, clock, logger } = this.#exchange.ports;
    const found: FoundInvocation[] = [];
    await eachAtOnce([...new Set(ids)], QUERY_READS_AT_ONCE, async (id) => {
      const known = this.#known.get(id);
      const end = known ? undefined : this.#budget.end;
      if (end !== undefined) return this.#budget.lacks(`some of the invocations that are named: ${end}`);
      const item = known ? undefined : await items.get(headKey(id));
      const head = known ?? (item && readable(logger, id, item));
      if (!known) this.#budget.count(1, "keys");
      if (!head || isExpired(head, clock.now())) return;
      this.#known.set(id, head);
      found.push({ id, head });
    });
    return found;
  }

  async #all(asked: Asked): Promise<readonly FoundInvocation[]> {
    const found = new Map<InvocationId, FoundInvocation>();
    const isScan = this.#isScan(asked);
    const isWhole = isScan && (await this.#scan(asked, found));
    if (!isWhole) await this.#pages(asked, (one) => void found.set(one.id, one));
    for (const { id, head } of found.values()) this.#known.set(id, head);
    return [...found.values()];
  }

  /** The first ones that fit, in the order of time. Those of the same time as the last one count as well. */
  async #first(
    asked: Asked,
    { count, order }: NonNullable<Wanted["limit"]>,
    fits: (found: FoundInvocation) => boolean,
  ) {
    const found: FoundInvocation[] = [];
    const add = (one: FoundInvocation): boolean => {
      const last = found.at(-1);
      if (found.length >= count && (order === undefined || last?.head.acceptedAtMs !== one.head.acceptedAtMs))
        return true;
      if (fits(one)) found.push(one);
      return false;
    };
    if (order === undefined && this.#isScan(asked)) {
      const all = new Map<InvocationId, FoundInvocation>();
      await this.#scan(asked, all, (one) => add(one));
    } else await this.#pages(asked, add, order ?? "oldest", count);
    for (const { id, head } of found) this.#known.set(id, head);
    return found;
  }

  /** Whether it takes a look at all heads. */
  #isScan(asked: Asked): boolean {
    const { services, statuses = STATUS_VIEWS } = asked;
    const parts = this.#exchange.ports.listing?.parts ?? [];
    if (this.#isListed(asked)) {
      // Where reading is free, all heads are read faster one after the other than by the index.
      return !this.#budget.isPaid && services === undefined && statuses.includes("completed");
    }
    return parts.length === 0 || this.#mayScan || services === undefined;
  }

  /** The index has all that can fit. */
  #isListed({ statuses = STATUS_VIEWS }: Asked): boolean {
    const parts = this.#exchange.ports.listing?.parts ?? [];
    return parts.length > 0 && partsOf(statuses).every((part) => parts.includes(part));
  }

  /** Whether it came to the end. */
  async #scan(
    asked: Asked,
    found: Map<InvocationId, FoundInvocation>,
    isEnough: (one: FoundInvocation) => boolean = () => false,
  ): Promise<boolean> {
    const { items, logger, clock } = this.#exchange.ports;
    let after: string | undefined;
    do {
      const end = this.#budget.end;
      if (end !== undefined) {
        this.#budget.lacks(`invocations that a scan has not reached: ${end}`);
        return false;
      }
      const page = await items.scan("journal", HEAD, after === undefined ? {} : { after });
      this.#budget.count(page.items.length, "scan");
      for (const { pk, attributes } of page.items) {
        const id = idIn(pk);
        const head = id === undefined ? undefined : readable(logger, id, attributes);
        if (id === undefined || !head || isExpired(head, clock.now()) || !isAsked(head, asked)) continue;
        found.set(id, { id, head });
        if (isEnough({ id, head })) return true;
      }
      after = page.next;
    } while (after !== undefined);
    return true;
  }

  async #pages(
    asked: Asked,
    take: (one: FoundInvocation) => unknown,
    order: "newest" | "oldest" = "oldest",
    wanted = QUERY_PAGE,
  ): Promise<void> {
    const kept = this.#exchange.ports.listing?.parts ?? [];
    if (kept.length === 0) return;
    const { services = [undefined], keys = [undefined], statuses = STATUS_VIEWS, created } = asked;
    this.#sayUnlisted(statuses, kept);
    const listed = statuses.filter((status) => kept.includes(partOf(status)));
    if (listed.length === 0) return;
    for (const service of services) {
      for (const key of keys) {
        const filter = filterFor({ service, key, created, statuses: listed });
        await this.#listed(filter, take, { order, limit: Math.min(wanted, QUERY_PAGE) });
      }
      if (service !== undefined) await this.#runs(service, asked.keys ?? [], statuses, take);
    }
  }

  async #listed(
    filter: InvocationFilter,
    take: (one: FoundInvocation) => unknown,
    { order, limit }: { readonly order: "newest" | "oldest"; readonly limit: number },
  ): Promise<void> {
    let after: string | undefined;
    do {
      const end = this.#budget.end;
      if (end !== undefined) return this.#budget.lacks(`invocations of the index that come later: ${end}`);
      const page = { limit, order, ...(after === undefined ? {} : { after }) };
      const { found, next } = await this.#exchange.index.list(filter, page);
      this.#budget.count(found.length, "index");
      for (const one of found) if (take(one) === true) return;
      after = next;
    } while (after !== undefined);
  }

  /** A workflow's run is found by its key alone, whether it has ended or not. */
  async #runs(
    service: string,
    keys: readonly string[],
    statuses: readonly StatusView[],
    take: (one: FoundInvocation) => unknown,
  ): Promise<void> {
    if (keys.length === 0 || !this.#budget.isPaid) return;
    const found = await this.byIds(keys.map((key) => workflowIdOf(service, key)));
    for (const one of found) if (statuses.includes(viewStatus(one.head.status))) take(one);
  }

  /** What no list has. */
  #sayUnlisted(statuses: readonly StatusView[], kept: readonly ListedPart[]): void {
    if (statuses.includes("completed") && !kept.includes("ended"))
      this.#budget.lacks(
        "completed invocations: there is no index of them ('ended'); ask by id, or with \"scan\": true",
      );
    if (this.#budget.isPaid && statuses.some((status) => status === "running" || status === "ready"))
      this.#budget.lacks(
        'running invocations that have never rested: no index has them; ask by id, or with "scan": true',
      );
  }
}

const filterFor = ({
  service,
  key,
  created,
  statuses,
}: {
  readonly service: string | undefined;
  readonly key: string | undefined;
  readonly created: Asked["created"];
  readonly statuses: readonly StatusView[];
}): InvocationFilter => ({
  ...(service === undefined ? {} : { service }),
  ...(key === undefined ? {} : { key }),
  ...(created === undefined ? {} : { created }),
  statuses,
});

const partOf = (status: StatusView): ListedPart => (status === "completed" ? "ended" : "open");
const partsOf = (statuses: readonly StatusView[]): readonly ListedPart[] => [
  ...new Set(statuses.map(partOf)),
];

function isAsked(head: Head, { services, keys, statuses, created }: Asked): boolean {
  const { service, key } = head.target;
  return (
    (services?.includes(service) ?? true) &&
    (keys === undefined || (key !== undefined && keys.includes(key))) &&
    (statuses?.includes(viewStatus(head.status)) ?? true) &&
    (created === undefined || (head.acceptedAtMs >= created.fromMs && head.acceptedAtMs <= created.untilMs))
  );
}

function askedBy(predicates: readonly Predicate[], table: HeadTable): Asked {
  const ids = valuesFor(predicates, "id")
    ?.map(storedId)
    .filter((id) => id !== undefined);
  const services = predicates.flatMap((predicate) =>
    predicate.column === "target" ? [targetServices(predicate)] : [],
  );
  const named = [valuesFor(predicates, "target_service_name"), ...services].filter(
    (one) => one !== undefined,
  );
  const keys = valuesFor(predicates, "target_service_key");
  const statuses = statusesBy(predicates, table);
  const created = createdBy(predicates);
  return {
    ...(ids ? { ids } : {}),
    ...(named[0] ? { services: named.reduce((a, b) => a.filter((one) => b.includes(one))) } : {}),
    ...(keys ? { keys } : {}),
    ...(statuses ? { statuses } : {}),
    ...(created ? { created } : {}),
  };
}

function statusesBy(
  predicates: readonly Predicate[],
  { statusesOf, statuses }: HeadTable,
): readonly StatusView[] | undefined {
  let found: readonly StatusView[] | undefined = statuses;
  for (const { column, op, values } of predicates) {
    const isInFlight = column === "in_flight" && op === "true";
    if (isInFlight) found = (found ?? STATUS_VIEWS).filter((status) => status === "running");
    if (column !== "status" || (op !== "equal" && op !== "other")) continue;
    const said = new Set(values.flatMap((value) => statusesOf(value)));
    found = (found ?? STATUS_VIEWS).filter((status) => said.has(status) === (op === "equal"));
  }
  return found;
}

function createdBy(predicates: readonly Predicate[]): Asked["created"] {
  let [fromMs, untilMs] = [0, DATE_MS_MAX];
  for (const { column, op, values } of predicates) {
    const ms = Date.parse(values[0] ?? "");
    if (column !== "created_at" || Number.isNaN(ms)) continue;
    if (op === "from") fromMs = Math.max(fromMs, ms);
    if (op === "until") untilMs = Math.min(untilMs, ms);
  }
  return fromMs === 0 && untilMs === DATE_MS_MAX ? undefined : { fromMs, untilMs };
}
