/** `perdure services status`: open invocations by handler and status, held keys with their holders, and what is paused. */
import { type AdminClient, jsonOf, path } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { AnswerFields } from "../fields.ts";
import {
  OPEN_STATUSES,
  type OpenInvocation,
  openInvocationIn,
  type OpenInvocations,
  openInvocations,
} from "../open-invocations.ts";
import { type Output, safe } from "../output.ts";
import type { Column } from "../table.ts";
import { shortDuration, timeOf } from "../time.ts";
import type { AnsweredService } from "./service-answer.ts";
import { allServices, noSuchService } from "./show.ts";

export interface StatusOptions {
  readonly lockedKeys: number;
  readonly paused: number;
}

export interface HandlerCounts {
  readonly service: string;
  readonly handler: string;
  /** By status. */
  readonly counts: Readonly<Record<string, number>>;
  /** The oldest of them. */
  readonly oldest: OpenInvocation | undefined;
}

export interface HeldKey {
  readonly service: string;
  readonly key: string;
  /** `undefined`: it changes hands, or its holder has not been listed yet. */
  readonly holder: OpenInvocation | undefined;
  /** Those that wait for it. */
  readonly behind: number;
  readonly oldestBehind: OpenInvocation | undefined;
}

export async function showStatus(cli: Cli, name: string | undefined, options: StatusOptions): Promise<void> {
  const admin = await cli.admin();
  const all = await allServices(admin);
  const services = name === undefined ? all : all.filter((service) => service.name === name);
  if (name !== undefined && services.length === 0) throw noSuchService(admin, name, all);
  const open = await openInvocations(admin, name === undefined ? {} : { service: name });
  const handlers = handlerCounts(services, open.found);
  const held = await withOwners(admin, heldKeys(services, open.found), options.lockedKeys);
  const paused = open.found.filter(({ status }) => status === "paused");
  const report = {
    complete: open.isAll,
    handlers: handlers.map(jsonOfCounts),
    held_keys: held.map(jsonOfHeld),
    paused: paused.map(jsonOfPaused),
  };
  await cli.out.show(report, () => statusLines(cli.out, { handlers, held, paused, open }, options));
  if (services.length === 0 && cli.out.format === "text") cli.out.note("No services are registered.");
  if (!open.isAll)
    cli.out.warn("there are more open invocations than were counted: the counts are lower bounds");
}

/**
 * In AWS an invocation that has run ever since it began is in no list. So the owner of a key that others wait for is asked for by the
 * key, for the first `most` of them.
 */
export async function withOwners(
  admin: Pick<AdminClient, "raw">,
  held: readonly HeldKey[],
  most: number,
): Promise<HeldKey[]> {
  const asked = held.slice(0, most).map(async (one) => {
    if (one.holder !== undefined) return one;
    const lock = await admin.raw("GET", path`/services/${one.service}/locks/${one.key}`, {
      query: { limit: 1 },
    });
    if (lock.status >= 400) return one;
    const id = new AnswerFields(jsonOf(lock), "lock").object("owner")?.text("invocation_id");
    if (id === undefined) return one;
    const owner = await admin.raw("GET", path`/invocations/${id}`);
    return owner.status < 400
      ? { ...one, holder: openInvocationIn(new AnswerFields(jsonOf(owner), "owner")) }
      : one;
  });
  return [...(await Promise.all(asked)), ...held.slice(most)];
}

/** Every handler, in the order in which its service declares it, and those of services that are no longer registered. */
export function handlerCounts(
  services: readonly AnsweredService[],
  open: readonly OpenInvocation[],
): HandlerCounts[] {
  const declared = services.flatMap(({ name: service, handlers }) =>
    handlers.map(({ name: handler }) => ({ service, handler })),
  );
  const isDeclared = (one: OpenInvocation): boolean =>
    declared.some(({ service, handler }) => service === one.service && handler === one.handler);
  const others = new Map(
    open
      .filter((one) => !isDeclared(one))
      .map(({ service, handler }) => [`${service}/${handler}`, { service, handler }]),
  );
  return [...declared, ...others.values()].map(({ service, handler }) => {
    const own = open.filter((one) => one.service === service && one.handler === handler);
    const counts: Record<string, number> = {};
    for (const { status } of own) counts[status] = (counts[status] ?? 0) + 1;
    return { service, handler, counts, oldest: oldestOf(own) };
  });
}

/** What an exclusive invocation is in while it holds its key. */
const HOLDING: ReadonlySet<string> = new Set(["running", "backing-off", "suspended", "paused"]);
/** What it is in while it waits for it. */
const WAITING: ReadonlySet<string> = new Set(["pending", "ready"]);

/**
 * Keys that exclusive invocations hold, those with the most behind them first. A key runs one of them at a time, so what has begun
 * and has not ended is its holder; shared handlers hold nothing.
 */
export function heldKeys(services: readonly AnsweredService[], open: readonly OpenInvocation[]): HeldKey[] {
  const shared = new Set(
    services.flatMap(({ name, handlers }) =>
      handlers.flatMap((handler) => (handler.kind === "Shared" ? [`${name}/${handler.name}`] : [])),
    ),
  );
  const byKey = new Map<string, OpenInvocation[]>();
  for (const one of open) {
    if (one.key === undefined || shared.has(`${one.service}/${one.handler}`)) continue;
    if (!HOLDING.has(one.status) && !WAITING.has(one.status)) continue;
    const name = JSON.stringify([one.service, one.key]);
    byKey.set(name, [...(byKey.get(name) ?? []), one]);
  }
  return [...byKey.values()]
    .flatMap(([first, ...more]) => (first === undefined ? [] : [heldKeyOf(first, [first, ...more])]))
    .toSorted((a, b) => b.behind - a.behind);
}

function heldKeyOf({ service, key = "" }: OpenInvocation, all: readonly OpenInvocation[]): HeldKey {
  const waiting = all.filter(({ status }) => WAITING.has(status));
  const holder = all.find(({ status }) => HOLDING.has(status));
  return { service, key, holder, behind: waiting.length, oldestBehind: oldestOf(waiting) };
}

function oldestOf(all: readonly OpenInvocation[]): OpenInvocation | undefined {
  return all.reduce<OpenInvocation | undefined>(
    (oldest, one) => (oldest === undefined || one.createdAt < oldest.createdAt ? one : oldest),
    undefined,
  );
}

const jsonOfCounts = ({ service, handler, counts, oldest }: HandlerCounts) => ({
  ...{ service, handler, counts },
  ...{ oldest_id: oldest?.id ?? null, oldest_created_at: oldest?.createdAt ?? null },
});

const jsonOfHeld = ({ service, key, holder, behind, oldestBehind }: HeldKey) => ({
  ...{ service, key },
  ...(holder
    ? {
        ...{ holder_id: holder.id, holder_handler: holder.handler, holder_status: holder.status },
        ...{ holder_since: holder.modifiedAt, holder_created_at: holder.createdAt },
      }
    : NO_HOLDER),
  ...{ behind, oldest_behind_id: oldestBehind?.id ?? null },
  oldest_behind_created_at: oldestBehind?.createdAt ?? null,
});

const NO_HOLDER = {
  ...{ holder_id: null, holder_handler: null, holder_status: null },
  ...{ holder_since: null, holder_created_at: null },
} as const;

const jsonOfPaused = ({ id, service, key, handler, modifiedAt, lastFailure }: OpenInvocation) => ({
  ...{ id, service, key: key ?? null, handler, paused_at: modifiedAt, reason: lastFailure ?? null },
});

interface Told {
  readonly handlers: readonly HandlerCounts[];
  readonly held: readonly HeldKey[];
  readonly paused: readonly OpenInvocation[];
  readonly open: OpenInvocations;
}

function statusLines(out: Output, told: Told, options: StatusOptions): string[] {
  const { handlers, held, paused } = told;
  const keys = held.slice(0, options.lockedKeys);
  const shownPaused = paused.slice(0, options.paused);
  return [
    ...(handlers.length === 0 ? [] : out.table(handlers, COUNT_COLUMNS)),
    ...(keys.length === 0
      ? []
      : ["", titled(out.styled("bold", "Held keys"), keys, held), ...out.table(keys, HELD_COLUMNS)]),
    ...(shownPaused.length === 0
      ? []
      : [
          "",
          titled(out.styled("bold", "Paused"), shownPaused, paused),
          ...out.table(shownPaused, PAUSED_COLUMNS),
        ]),
  ];
}

const titled = (title: string, shown: readonly unknown[], all: readonly unknown[]): string =>
  shown.length === all.length ? title : `${title} (${shown.length} of ${all.length})`;

const COUNT_COLUMNS: readonly Column<HandlerCounts>[] = [
  { name: "HANDLER", of: ({ service, handler }) => `${service}/${handler}`, least: 12 },
  ...OPEN_STATUSES.map((status): Column<HandlerCounts> => ({
    name: status.toUpperCase(),
    of: ({ counts }) => counts[status],
    align: "right",
  })),
  { name: "OLDEST", of: ({ oldest }) => ageOf(oldest?.createdAt), align: "right" },
  { name: "OLDEST ID", of: ({ oldest }) => oldest?.id, wide: true },
];

const HELD_COLUMNS: readonly Column<HeldKey>[] = [
  { name: "KEY", of: ({ service, key }) => `${service}/${key}`, least: 12 },
  { name: "BEHIND", of: ({ behind }) => behind, align: "right" },
  { name: "HELD BY", of: ({ holder }) => holder?.id },
  { name: "HANDLER", of: ({ holder }) => holder?.handler },
  { name: "STATUS", of: ({ holder }) => holder?.status },
  { name: "FOR", of: ({ holder }) => ageOf(holder?.createdAt), align: "right" },
  { name: "LONGEST WAIT", of: ({ oldestBehind }) => ageOf(oldestBehind?.createdAt), align: "right" },
];

const PAUSED_COLUMNS: readonly Column<OpenInvocation>[] = [
  { name: "ID", of: ({ id }) => id },
  {
    name: "TARGET",
    of: (one) => [one.service, one.key, one.handler].filter((part) => part !== undefined).join("/"),
    least: 12,
  },
  { name: "FOR", of: ({ modifiedAt }) => ageOf(modifiedAt), align: "right" },
  {
    name: "REASON",
    of: ({ lastFailure }) => safe(lastFailure?.split("\n")[0] ?? "an operator paused it"),
    least: 20,
  },
];

const ageOf = (at: string | undefined): string | undefined => {
  const atMs = timeOf(at);
  return atMs === undefined ? undefined : shortDuration(Date.now() - atMs);
};
