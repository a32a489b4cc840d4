/**
 * Invocations from the store's listing: each shard of each service in question is read in the order of time, the shards
 * are merged, and the heads are read strongly, so that what is shown is true now, however old the entry. A page costs a query
 * for each shard and a read for each head, whatever the table holds besides.
 *
 * Where to go on is the place of the last entry that was looked at, (time, id): the same in every shard, and it stays right
 * when entries come and go between two pages.
 */
import { eachAtOnce } from "../../lib/at-once.ts";
import { type Head } from "../../lib/model/head.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import { type InvocationId, isInvocationId } from "../../lib/model/ids.ts";
import { ALL_TIME, type ListedPart, shardsOf } from "../../lib/model/listing.ts";
import type { ListedRange, Listing } from "../../lib/ports.ts";
import {
  boundOf,
  type FoundInvocation,
  type FoundPage,
  type IndexPorts,
  type InvocationFilter,
  type InvocationIndex,
  type ListRequest,
  matches,
  readable,
} from "./invocation-index.ts";
import type { AdminRegistry } from "./ports.ts";
import { LIST_CHUNK_MIN, LIST_READS_AT_ONCE } from "../../lib/limits/http.ts";

interface ListedPorts extends IndexPorts {
  readonly registry: AdminRegistry;
}

interface Place {
  readonly atMs: number;
  readonly id: InvocationId;
}

export class ListedInvocations implements InvocationIndex {
  readonly #ports: ListedPorts;
  readonly #listing: Listing;
  readonly #scan: InvocationIndex;

  /** `scan`: for what the listing has no part for. */
  constructor(ports: ListedPorts, listing: Listing, scan: InvocationIndex) {
    this.#ports = ports;
    this.#listing = listing;
    this.#scan = scan;
  }

  async list(filter: InvocationFilter, page: ListRequest): Promise<FoundPage> {
    const parts = partsFor(filter, this.#listing.parts);
    if (parts === undefined) return this.#scan.list(filter, page);
    const after = page.after === undefined ? undefined : parsePlace(page.after);
    const isBefore = page.order === "newest" ? isAfter : isEarlier;
    const merged = new Merge(
      await this.#shards(parts, filter, { ...page, place: after, isBefore }),
      isBefore,
    );
    const { found, last } = await this.#collect(merged, filter, page.limit);
    const more = last !== undefined && (found.length >= page.limit || (await merged.hasMore()));
    return { found, source: "index", covers: parts, ...(more ? { next: cursorOf(last) } : {}) };
  }

  /** `last`: the last one that was looked at; absent if that was the end. */
  async #collect(
    merged: Merge,
    filter: InvocationFilter,
    limit: number,
  ): Promise<{ readonly found: readonly FoundInvocation[]; readonly last?: Place }> {
    const found: FoundInvocation[] = [];
    let last: Place | undefined;
    const isEnough = boundOf(this.#ports);
    for (let looked = 0; !isEnough(looked, found.length);) {
      // As many as are still wanted; more at once, the longer nothing matches.
      const wanted = Math.max(limit - found.length, looked - found.length);
      const places = await merged.take(Math.min(LIST_READS_AT_ONCE, wanted));
      if (places.length === 0) return { found };
      const heads = await this.#read(places);
      for (const [at, place] of places.entries()) {
        last = place;
        const head = heads[at];
        if (head && matches(head, filter, this.#ports.clock.now())) found.push({ id: place.id, head });
        if (found.length >= limit) return { found, last };
      }
      looked += places.length;
    }
    return last === undefined ? { found } : { found, last };
  }

  async #shards(
    parts: readonly ListedPart[],
    { service, created = ALL_TIME }: InvocationFilter,
    {
      limit,
      order,
      place,
      isBefore,
    }: ListRequest & { readonly place: Place | undefined; readonly isBefore: Order },
  ): Promise<Shard[]> {
    const services = service === undefined ? await this.#services() : [service];
    const shards = parts.flatMap((part) => services.flatMap(shardsOf).map((shard) => ({ part, shard })));
    const chunk = Math.max(LIST_CHUNK_MIN, Math.ceil((2 * limit) / Math.max(shards.length, 1)));
    const isNewest = order === "newest";
    const range: ListedRange = {
      fromMs: isNewest ? created.fromMs : Math.max(created.fromMs, place?.atMs ?? 0),
      untilMs: isNewest ? Math.min(created.untilMs, place?.atMs ?? created.untilMs) : created.untilMs,
      limit: chunk,
      ...(isNewest ? { newestFirst: true } : {}),
    };
    return shards.map(
      ({ part, shard }) => new Shard(this.#listing, { part, shard, range, after: place, isBefore }),
    );
  }

  /** Those that no deployment serves any more have left invocations all the same. */
  async #services(): Promise<string[]> {
    const { registry } = this.#ports;
    const [services, deployments] = await Promise.all([registry.services(), registry.deployments()]);
    const names = [...services, ...deployments.flatMap((deployment) => deployment.services)];
    return [...new Set(names.map(({ name }) => name))];
  }

  /** In the order of `places`. An entry may be older than the end of its invocation. */
  async #read(places: readonly Place[]): Promise<(Head | undefined)[]> {
    const { items, logger } = this.#ports;
    return await Promise.all(
      places.map(async ({ id }) => {
        const item = await items.get(headKey(id));
        return item && readable(logger, id, item);
      }),
    );
  }
}

/** The parts that hold what is asked for; `undefined` if one of them is not kept. Nothing said: all that are kept. */
function partsFor(
  { statuses }: InvocationFilter,
  kept: readonly ListedPart[],
): readonly ListedPart[] | undefined {
  if (statuses === undefined) return kept.length === 0 ? undefined : kept;
  const wanted: ListedPart[] = [
    ...(statuses.some((status) => status !== "completed") ? ["open" as const] : []),
    ...(statuses.includes("completed") ? ["ended" as const] : []),
  ];
  return wanted.every((part) => kept.includes(part)) ? wanted : undefined;
}

type Order = (a: Place, b: Place) => boolean;
const isEarlier: Order = (a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.id < b.id);
const isAfter: Order = (a, b) => isEarlier(b, a);

interface ShardRequest {
  readonly part: ListedPart;
  readonly shard: string;
  readonly range: ListedRange;
  readonly after: Place | undefined;
  readonly isBefore: Order;
}

/** One shard from a place on. Of entries of the same time the store promises no order: they are handed out once all are there. */
class Shard {
  readonly #listing: Listing;
  readonly #request: ShardRequest;
  #ready: Place[] = [];
  #held: Place[] = [];
  #next: string | undefined;
  #pages = 0;

  constructor(listing: Listing, request: ShardRequest) {
    this.#listing = listing;
    this.#request = request;
  }

  get head(): Place | undefined {
    return this.#ready[0];
  }

  shift(): void {
    this.#ready.shift();
  }

  /** Until there is a first entry, or none is left. */
  async fill(): Promise<void> {
    while (this.#ready.length === 0 && (this.#pages === 0 || this.#next !== undefined)) await this.#read();
  }

  async #read(): Promise<void> {
    const { part, shard, range, after, isBefore } = this.#request;
    const page = this.#next === undefined ? range : { ...range, after: this.#next };
    const { entries, next } = await this.#listing.heads(part, shard, page);
    this.#pages++;
    this.#next = next;
    const places = [...this.#held, ...entries].filter(
      (place) => after === undefined || isBefore(after, place),
    );
    places.sort((a, b) => (isBefore(a, b) ? -1 : 1));
    const lastMs = this.#next === undefined ? undefined : entries.at(-1)?.atMs;
    const isHeld = ({ atMs }: Place): boolean =>
      this.#next !== undefined && (lastMs === undefined || atMs === lastMs);
    this.#ready = places.filter((place) => !isHeld(place));
    this.#held = places.filter(isHeld);
  }
}

class Merge {
  readonly #shards: readonly Shard[];
  readonly #isBefore: Order;

  constructor(shards: readonly Shard[], isBefore: Order) {
    this.#shards = shards;
    this.#isBefore = isBefore;
  }

  async take(count: number): Promise<Place[]> {
    const taken: Place[] = [];
    for (let first = await this.#first(); first && taken.length < count; first = await this.#first()) {
      // One that ends while it is listed is in both parts, at the same place.
      if (first.head && first.head.id !== taken.at(-1)?.id) taken.push(first.head);
      first.shift();
    }
    return taken;
  }

  async hasMore(): Promise<boolean> {
    return (await this.#first()) !== undefined;
  }

  async #first(): Promise<Shard | undefined> {
    await eachAtOnce(this.#shards, LIST_READS_AT_ONCE, (shard) => shard.fill());
    let first: Shard | undefined;
    for (const shard of this.#shards) {
      if (shard.head && (!first?.head || this.#isBefore(shard.head, first.head))) first = shard;
    }
    return first;
  }
}

const cursorOf = ({ atMs, id }: Place): string => `${atMs}.${id}`;

function parsePlace(cursor: string): Place {
  const dot = cursor.indexOf(".");
  const [time, id] = [cursor.slice(0, dot), cursor.slice(dot + 1)];
  if (!/^\d{1,15}$/.test(time) || !isInvocationId(id)) throw new RangeError("not a cursor of this list");
  return { atMs: Number(time), id };
}
