/** Saved views: a name for a filter. Those of everybody, and the reader's own, which this browser keeps. */
import { type Filter, isSameFilter } from "./filter.ts";

export interface View {
  readonly name: string;
  readonly filter: Filter;
  /** What is counted for it, among the counts by status. */
  readonly counted?: readonly string[];
  /** What is counted is of the last hour only. */
  readonly lately?: boolean;
  /** What it counts needs a person. */
  readonly hot?: boolean;
}

const IN_FLIGHT = ["scheduled", "pending", "ready", "running", "suspended", "backing-off", "paused"];
const viewOf = (name: string, ...statuses: readonly string[]): View => ({
  name,
  filter: { status: statuses.join(",") },
  counted: statuses,
});

export const VIEWS: readonly View[] = [
  { ...viewOf("Needs attention", "backing-off", "paused"), hot: true },
  viewOf("In flight", ...IN_FLIGHT),
  viewOf("Running", "running"),
  viewOf("Suspended", "suspended"),
  viewOf("Waiting for key", "pending"),
  { name: "Failed", filter: { status: "failed" }, counted: ["failed"], lately: true },
  { name: "Everything", filter: {} },
];

export const isCurrent = ({ filter }: View, now: Filter): boolean => isSameFilter(filter, now);

/** How many views of one's own are kept. */
export const OWN_VIEWS_MAX = 20;
export const VIEW_NAME_CHARS_MAX = 40;

/** What was kept; what cannot be read is none. */
export function ownViewsIn(text: string | null): readonly View[] {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(kept)) return [];
    return kept.filter(isView).slice(0, OWN_VIEWS_MAX);
  } catch {
    return [];
  }
}

const isView = (value: unknown): value is View =>
  typeof value === "object" &&
  value !== null &&
  "name" in value &&
  typeof value.name === "string" &&
  "filter" in value &&
  typeof value.filter === "object" &&
  value.filter !== null &&
  Object.values(value.filter).every((one) => typeof one === "string");

/** With one more; one of the same name is replaced. */
export function withView(views: readonly View[], view: View): readonly View[] {
  const name = view.name.trim().slice(0, VIEW_NAME_CHARS_MAX);
  return [...views.filter((one) => one.name !== name), { ...view, name }].slice(-OWN_VIEWS_MAX);
}

/** How many a view has, by the counts of each status. `undefined`: not known. */
export function countOf(
  { counted }: View,
  counts: Readonly<Record<string, number>> | undefined,
): number | undefined {
  if (counts === undefined || counted === undefined) return undefined;
  if (!counted.some((status) => status in counts) && counted.includes("failed")) return undefined;
  return counted.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
}
