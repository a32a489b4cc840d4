/** How a deployment stands: where new calls go, what holds the older ones, and until when. In words. */
import type { ServiceInfo } from "../../admin/service.ts";
import type { Said } from "../../words/pieces.ts";
import { counted, shortId, visible } from "../../words/text.ts";
import { clockTime, duration } from "../../words/time.ts";
import { type DeploymentInfo, type DeploymentsData, type Held, NOTHING_HELD } from "./deployment-info.ts";

/** `older`: what holds it is not counted yet. */
export type DeploymentState = "latest" | "partly" | "older" | "draining" | "drained";

export interface Standing {
  readonly deployment: DeploymentInfo;
  readonly state: DeploymentState;
  /** Services whose new calls go there. */
  readonly newest: readonly string[];
  readonly held: Held;
  /** Whether what holds it is known by now. */
  readonly isCounted: boolean;
}

/** `services`: as new calls find them. */
export function standings(
  { deployments, held }: DeploymentsData,
  services: readonly Pick<ServiceInfo, "name" | "deployment">[],
): readonly Standing[] {
  return deployments.map((deployment) => {
    const newest = services.filter((service) => service.deployment === deployment.id).map(({ name }) => name);
    const own = held?.get(deployment.id) ?? NOTHING_HELD;
    const state = stateOf(newest.length, services.length, held && own.open);
    return { deployment, newest, held: own, state, isCounted: held !== undefined };
  });
}

function stateOf(newest: number, all: number, open: number | undefined): DeploymentState {
  if (newest > 0) return newest === all ? "latest" : "partly";
  if (open === undefined) return "older";
  return open > 0 ? "draining" : "drained";
}

/** `orders-prod:14`, `localhost:9080`, or the id's ends. */
export function deploymentName({ id, address, kind }: DeploymentInfo): string {
  if (kind === "file") return shortId(id);
  if (kind === "function") return visible(address.split(":").slice(-2).join(":"));
  const [, host = address] = /^[a-z]+:\/\/([^/?#]+)/iu.exec(address) ?? [];
  return visible(host);
}

export const agoInWords = (ms: number): string =>
  ms < MINUTE_MS ? "less than a minute ago" : `${duration(Math.floor(ms / MINUTE_MS) * MINUTE_MS)} ago`;
const MINUTE_MS = 60_000;

export function deploymentsSentence(all: readonly Standing[], nowMs: number): Said {
  const active = all.filter(({ newest }) => newest.length > 0);
  const [first] = active;
  if (!first) return [["New calls go nowhere", true], ": no deployment has a service."];
  const name = deploymentName(first.deployment);
  const head: Said =
    active.length === 1
      ? ["New calls go to ", [name, true], `, registered ${agoInWords(nowMs - first.deployment.createdMs)}. `]
      : ["New calls go to ", [counted(active.length, "deployment"), true], ", each to its own services. "];
  if (all.some(({ state }) => state === "older")) return head;
  return [
    ...head,
    ...draining(
      all.filter(({ state }) => state === "draining"),
      nowMs,
    ),
  ];
}

function draining(older: readonly Standing[], nowMs: number): Said {
  const open = older.reduce((sum, { held }) => sum + held.open, 0);
  const [one] = older;
  if (!one) return ["Nothing is held by an older one."];
  const are = open === 1 ? "invocation is" : "invocations are";
  const where = older.length === 1 ? deploymentName(one.deployment) : `${older.length} older ones`;
  return [[`${open} ${are} still on ${where}`, true], `${until(older, nowMs)}.`];
}

function until(older: readonly Standing[], nowMs: number): string {
  const endless = older.some(({ held }) => held.timed < held.open);
  if (endless) return "; some wait for what has no time, so there is no end in sight";
  const last = Math.max(...older.map(({ held }) => held.lastDueMs ?? 0));
  return last <= nowMs
    ? "; what they wait for is due"
    : `; the last of them is due at ${clockTime(last, nowMs)}`;
}

/** What holds it: all in one service or in several, in which statuses, until when. */
export function holdsInWords(
  { held, state, isCounted }: Pick<Standing, "held" | "state" | "isCounted">,
  nowMs: number,
): string {
  const { open, services, timed, lastDueMs } = held;
  if (!isCounted) return "";
  if (open === 0) return state === "drained" ? "Nothing. It can be removed." : "Nothing is in flight.";
  const [first] = services;
  const where =
    services.length === 1 && first
      ? `All in ${visible(first.name)}. `
      : `${services.map(({ name, count }) => `${count} in ${visible(name)}`).join(", ")}. `;
  if (state !== "draining") return where;
  if (timed < open) return `${where}${endlessInWords(open, open - timed)}: no end in sight.`;
  return lastDueMs === undefined || lastDueMs <= nowMs
    ? `${where}What they wait for is due.`
    : `${where}The last timer of them is due at ${clockTime(lastDueMs, nowMs)}.`;
}

function endlessInWords(open: number, endless: number): string {
  const what = "for what has no time";
  if (endless < open) return `${endless} of them ${endless === 1 ? "waits" : "wait"} ${what}`;
  return open === 1 ? `It waits ${what}` : `They wait ${what}`;
}
