/** What a registration changes, service by service: for people to look at before they say yes. */
import type { AnsweredHandler, AnsweredService } from "../services/service-answer.ts";

export interface HandlerChange {
  readonly handler: string;
  readonly change: "added" | "changed" | "removed";
  /** What differs, in words. Empty if it was added or removed. */
  readonly details: readonly string[];
}

export interface ServiceChange {
  readonly service: string;
  readonly type: string;
  readonly change: "added" | "updated" | "removed";
  /** The revision that new invocations go to now. */
  readonly revisionBefore: number | undefined;
  readonly revision: number | undefined;
  /** What differs, apart from handlers. */
  readonly details: readonly string[];
  readonly handlers: readonly HandlerChange[];
}

/**
 * `current`: the services that are registered. `wanted`: those of the deployment that is to be. `gone`: names of services that the
 * deployment has served until now, and will not any more.
 */
export function serviceChanges(
  current: readonly AnsweredService[],
  wanted: readonly AnsweredService[],
  gone: readonly string[],
): ServiceChange[] {
  const registered = new Map(current.map((service) => [service.name, service]));
  const changes = wanted.map((service) => changeOf(registered.get(service.name), service));
  const removed = gone.flatMap((name): ServiceChange[] => {
    const before = registered.get(name);
    return before === undefined ? [] : [removalOf(before)];
  });
  return [...changes, ...removed];
}

function changeOf(before: AnsweredService | undefined, after: AnsweredService): ServiceChange {
  const { name: service, type, revision } = after;
  const revisions = { revisionBefore: before?.revision, revision };
  const handlers = handlerChanges(before?.handlers ?? [], after.handlers);
  if (before === undefined) return { service, type, change: "added", ...revisions, details: [], handlers };
  const details = [
    ...differing("type", before.type, type),
    ...differing("access", access(before), access(after)),
    ...settingsDiffering(before.settings, after.settings),
    ...differing("retry_policy", JSON.stringify(before.retryPolicy), JSON.stringify(after.retryPolicy)),
  ];
  return { service, type, change: "updated", ...revisions, details, handlers };
}

const removalOf = ({ name: service, type, revision, handlers }: AnsweredService): ServiceChange => ({
  ...{ service, type, change: "removed", revisionBefore: revision, revision: undefined, details: [] },
  handlers: handlers.map(({ name: handler }) => ({ handler, change: "removed", details: [] })),
});

function handlerChanges(
  before: readonly AnsweredHandler[],
  after: readonly AnsweredHandler[],
): HandlerChange[] {
  const known = new Map(before.map((handler) => [handler.name, handler]));
  const kept = after.flatMap((handler): HandlerChange[] => {
    const old = known.get(handler.name);
    if (old === undefined) return [{ handler: handler.name, change: "added", details: [] }];
    const details = handlerDetails(old, handler);
    return details.length === 0 ? [] : [{ handler: handler.name, change: "changed", details }];
  });
  const removed = before
    .filter(({ name }) => !after.some((handler) => handler.name === name))
    .map(({ name: handler }): HandlerChange => ({ handler, change: "removed", details: [] }));
  return [...kept, ...removed];
}

const handlerDetails = (before: AnsweredHandler, after: AnsweredHandler): string[] => [
  ...differing("type", before.kind ?? "Service", after.kind ?? "Service"),
  ...differing("access", access(before), access(after)),
  ...differing("input", before.input, after.input),
  ...differing("output", before.output, after.output),
  ...(before.schemas === after.schemas ? [] : ["schemas differ"]),
  ...settingsDiffering(before.settings, after.settings),
];

const access = ({ isPublic }: { readonly isPublic: boolean }): string => (isPublic ? "public" : "private");

function settingsDiffering(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return names.flatMap((name) => differing(name, before[name] ?? "not set", after[name] ?? "not set"));
}

const differing = (what: string, before: string, after: string): string[] =>
  before === after ? [] : [`${what}: ${before} -> ${after}`];

/** The changes as lines with a sign: `+` added, `-` removed, `~` changed. */
export function changeLines(changes: readonly ServiceChange[]): string[] {
  return changes.flatMap((change) => {
    const details = [
      ...change.details.map((text) => `    ~ ${text}`),
      ...change.handlers.flatMap(handlerLines),
    ];
    const unchanged = change.change === "updated" && details.length === 0 ? ["      (no difference)"] : [];
    return [`${SIGNS[change.change]} ${titleOf(change)}`, ...details, ...unchanged];
  });
}

const SIGNS = { added: "+", updated: "~", changed: "~", removed: "-" } as const;

const handlerLines = ({ handler, change, details }: HandlerChange): string[] => [
  `    ${SIGNS[change]} ${handler}`,
  ...details.map((text) => `        ${text}`),
];

function titleOf({ service, type, change, revisionBefore, revision }: ServiceChange): string {
  const from = revisionBefore === undefined ? "new" : `revision ${revisionBefore}`;
  if (change === "removed") return `${service} (${type}, ${from} -> no longer served here)`;
  if (change === "added") return `${service} (${type}, revision ${revision ?? 1})`;
  return `${service} (${type}, ${from} -> ${revision ?? "?"})`;
}
