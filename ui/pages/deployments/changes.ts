/** What is different between the services of two deployments. */
import type { HandlerInfo, ServiceInfo } from "../../admin/service.ts";

export interface Change {
  readonly kind: "added" | "removed" | "changed";
  /** `Order`, `Order/refund`. */
  readonly what: string;
  readonly note: string;
}
export interface Changes {
  readonly changes: readonly Change[];
  /** Handlers that are the same. */
  readonly same: number;
}

export function changesBetween(before: readonly ServiceInfo[], after: readonly ServiceInfo[]): Changes {
  const old = new Map(before.map((service) => [service.name, service]));
  const now = new Map(after.map((service) => [service.name, service]));
  const changes: Change[] = [];
  let same = 0;
  for (const [name, service] of now) {
    const was = old.get(name);
    if (!was) {
      const handlers = service.handlers.map((handler) => handler.name).join(", ");
      changes.push({ kind: "added", what: name, note: `new, with ${handlers}` });
      continue;
    }
    if (was.type !== service.type)
      changes.push({ kind: "changed", what: name, note: `was a ${was.type}, is a ${service.type}` });
    const found = handlerChanges(was, service);
    changes.push(...found.changes);
    same += found.same;
  }
  for (const [name] of old)
    if (!now.has(name)) changes.push({ kind: "removed", what: name, note: "is gone" });
  return { changes, same };
}

function handlerChanges(was: ServiceInfo, is: ServiceInfo): Changes {
  const old = new Map(was.handlers.map((handler) => [handler.name, handler]));
  const now = new Map(is.handlers.map((handler) => [handler.name, handler]));
  const changes: Change[] = [];
  let same = 0;
  for (const [name, handler] of now) {
    const what = `${is.name}/${name}`;
    const before = old.get(name);
    if (!before) {
      changes.push({ kind: "added", what, note: ["new", ...kindOf(handler)].join(", ") });
      continue;
    }
    const notes = notesOf(before, handler);
    if (notes.length === 0) same += 1;
    else changes.push({ kind: "changed", what, note: notes.join("; ") });
  }
  for (const [name] of old)
    if (!now.has(name)) changes.push({ kind: "removed", what: `${is.name}/${name}`, note: "is gone" });
  return { changes, same };
}

const kindOf = ({ kind }: HandlerInfo): readonly string[] => (kind === undefined ? [] : [kind.toLowerCase()]);

function notesOf(was: HandlerInfo, is: HandlerInfo): readonly string[] {
  const notes: string[] = [];
  if (was.kind !== is.kind) notes.push(`was ${was.kind ?? "plain"}, is ${is.kind ?? "plain"}`);
  if (was.isPublic !== is.isPublic) notes.push(is.isPublic ? "is public now" : "is private now");
  for (const [side, name] of [
    ["input", "input_json_schema"],
    ["output", "output_json_schema"],
  ] as const) {
    const [before, after] = [was.fields.raw[name], is.fields.raw[name]];
    if (JSON.stringify(before) !== JSON.stringify(after)) notes.push(`${side}: ${schemaNote(before, after)}`);
  }
  return notes;
}

function schemaNote(before: unknown, after: unknown): string {
  if (before === undefined) return "a schema now";
  if (after === undefined) return "no schema any more";
  const [old, now] = [propertiesOf(before), propertiesOf(after)];
  const added = [...now.keys()].filter((name) => !old.has(name));
  const gone = [...old.keys()].filter((name) => !now.has(name));
  const notes = [
    ...added.map((name) => `+ ${name}${now.get(name) === true ? "" : " (optional)"}`),
    ...gone.map((name) => `− ${name}`),
    ...[...now]
      .filter(([name, needed]) => old.get(name) === !needed)
      .map(([name, needed]) => `${name} is ${needed ? "required" : "optional"} now`),
  ];
  return notes.length === 0 ? "another schema" : notes.join(", ");
}

/** Names of the properties, and whether each is required. */
function propertiesOf(schema: unknown): ReadonlyMap<string, boolean> {
  if (typeof schema !== "object" || schema === null) return new Map();
  const { properties, required } = schema as { properties?: unknown; required?: unknown };
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  const names = typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
  return new Map(names.map((name) => [name, needed.includes(name)]));
}
