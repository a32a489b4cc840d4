/** What an environment has come to: how each invocation has ended, the state of each key, and the items of the user's tables. Two runs of a
 * test are compared by it. */
import { DRAINED_TIMERS_MAX, OUTCOMES_MAX, STANDING_SHOWN_MAX } from "../../../lib/limits/testing.ts";
import type { Head } from "../../../lib/model/head.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import { isExclusive, type ServiceManifest } from "../../../lib/model/manifest.ts";
import { storedId } from "../../../lib/model/shown-id.ts";
import { targetText } from "../../../lib/model/target-text.ts";
import type { Value } from "../../../lib/model/value.ts";
import type { ItemStore, Listing } from "../../../lib/ports.ts";
import { STATUS_VIEWS, viewStatus } from "../../../runtime/admin/invocation-view.ts";
import { readHead } from "../../../lib/store/head-store.ts";
import { load } from "../../../lib/store/value-store.ts";
import type { LocalUserTables } from "../../../runtime/local/user-tables.ts";
import type { OutcomeLine } from "./outcome-line.ts";
import { tableLines } from "./table-outcome.ts";

const OPEN = STATUS_VIEWS.filter((status) => status !== "completed" && status !== "paused");

/** A line for each invocation, each value of a state and each item of a table. */
export type EnvironmentOutcome = readonly OutcomeLine[];

interface Looked {
  json<T>(path: string): Promise<T>;
  settled(): Promise<void>;
  skip(ms: number): Promise<void>;
  nextTimer(): number | undefined;
  readonly clock: { now(): number };
  readonly ports: { readonly items: ItemStore & { readonly listing: Listing } };
  readonly services: readonly ServiceManifest[];
  readonly userTables: Pick<LocalUserTables, "known" | "all">;
}

/** Waits until all invocations have ended, or for {@link DRAINED_TIMERS_MAX} timers. */
export async function drain(engine: Looked): Promise<void> {
  for (let count = 0; count < DRAINED_TIMERS_MAX; count++) {
    await engine.settled();
    const atMs = engine.nextTimer();
    // A timer that is left of what has ended leads only to where that is forgotten.
    if (atMs === undefined || !(await hasOpen(engine))) return;
    await engine.skip(Math.max(0, atMs - engine.clock.now()));
  }
}

async function hasOpen(engine: Looked): Promise<boolean> {
  const path = `/invocations?limit=1&status=${OPEN.join(",")}`;
  const { invocations } = await engine.json<{ readonly invocations: readonly Listed[] }>(path);
  return invocations.length > 0;
}

export async function outcomeOf(
  engine: Pick<Looked, "json" | "ports" | "services" | "userTables">,
): Promise<EnvironmentOutcome> {
  const [ended, kept] = [await invocationLines(engine), await stateLines(engine)];
  return [...ended, ...kept, ...tableLines(engine.userTables)];
}

interface Listed {
  readonly id: string;
}

async function invocationLines(engine: Pick<Looked, "json" | "ports">): Promise<OutcomeLine[]> {
  const found = await headsOf(engine, `limit=${OUTCOMES_MAX}`);
  return await Promise.all(found.map(([id, head]) => invocationLine(engine.ports.items, id, head)));
}

/** Those that the admin API lists. */
async function headsOf(
  engine: Pick<Looked, "json" | "ports">,
  query: string,
): Promise<readonly (readonly [InvocationId, Head])[]> {
  const path = `/invocations?${query}`;
  const { invocations } = await engine.json<{ readonly invocations: readonly Listed[] }>(path);
  const found = invocations.map(async ({ id: shown }) => {
    const id = storedId(shown);
    const stored = id === undefined ? undefined : await readHead(engine.ports.items, id);
    return id === undefined || !stored ? [] : [[id, stored.head] as const];
  });
  return (await Promise.all(found)).flat();
}

async function invocationLine(
  items: ItemStore,
  id: InvocationId,
  { target, status, outcome }: Head,
): Promise<OutcomeLine> {
  const of = targetText(target);
  if (!outcome) return { of, is: `is ${status}` };
  if (!outcome.ok) return { of, is: `failed with [${outcome.failure.code}] ${outcome.failure.message}` };
  const bytes = "ref" in outcome ? await load(items, id, outcome.ref) : outcome.value;
  return { of, is: `completed with ${textOf(bytes)}` };
}

/** Invocations that have not ended, and with what their last attempt failed. */
export async function openLines(engine: Pick<Looked, "json" | "ports">): Promise<string[]> {
  const found = await headsOf(engine, `limit=${STANDING_SHOWN_MAX}&status=${[...OPEN, "paused"].join(",")}`);
  return found.map(([, { target, status, failure }]) => {
    const why = failure ? `: [${failure.code}] ${failure.message}` : "";
    return `${targetText(target)} is ${viewStatus(status)}${why}`;
  });
}

const textOf = (bytes: Value): string => (bytes instanceof Uint8Array ? new TextDecoder().decode(bytes) : "");

interface ShownState {
  readonly state: readonly {
    readonly name: string;
    readonly value?: string;
    readonly value_base64?: string;
  }[];
}

async function stateLines(engine: Pick<Looked, "json" | "ports" | "services">): Promise<OutcomeLine[]> {
  const lines: OutcomeLine[] = [];
  const keyed = engine.services.filter(({ handlers }) => handlers.some(({ kind }) => isExclusive(kind)));
  for (const { name } of keyed) {
    const { keys } = await engine.ports.items.listing.keys(name, { limit: OUTCOMES_MAX });
    for (const key of new Set(keys)) {
      const path = `/services/${encodeURIComponent(name)}/state/${encodeURIComponent(key)}`;
      const { state } = await engine.json<ShownState>(path);
      for (const { name: of, value, value_base64 } of state)
        lines.push({ of: `state of ${name}/${key}: ${of}`, is: `= ${value ?? value_base64 ?? ""}` });
    }
  }
  return lines;
}
