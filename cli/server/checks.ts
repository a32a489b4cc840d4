/** What `perdure doctor` looks at. */
import { CLOCK_DIFFERENCE_MS, HEALTH_ANSWER_MS } from "../../lib/limits/cli.ts";
import { PACKAGE_VERSION } from "../../lib/version.ts";
import { type AdminClient, jsonOf, refusalOf } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { statedDeployments } from "../deployments/deployment-status.ts";
import { type Door, HttpDoor } from "../door.ts";
import { CommandError } from "../exit.ts";
import { AnswerFields } from "../fields.ts";
import { countText, openInvocations } from "../open-invocations.ts";
import { shortDuration, timeOf } from "../time.ts";
import type { Check } from "./check.ts";

export async function serverChecks(cli: Cli): Promise<{ checks: Check[]; isReachable: boolean }> {
  const { name, chosenBy, admin } = await cli.environment();
  const startMs = performance.now();
  try {
    const answer = await admin.send({ method: "GET", path: "/version", timeoutMs: HEALTH_ANSWER_MS });
    const tookMs = performance.now() - startMs;
    if (answer.status >= 400) {
      const text = `${admin.address} refuses: ${refusalOf(answer).message}`;
      return { isReachable: false, checks: [{ name: "admin API", verdict: "fail", text, fix: FIX_REFUSED }] };
    }
    const version = new AnswerFields(jsonOf(answer), "answer").optionalText("version") ?? "?";
    const text = `${admin.address} answers in ${shortDuration(tookMs)} (${name}, ${chosenBy})`;
    return {
      isReachable: true,
      checks: [
        { name: "admin API", verdict: "ok", text },
        versionCheck(version),
        clockCheck(answer.headers["date"], Date.now()),
      ],
    };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const fix = error.advice === undefined ? {} : { fix: error.advice };
    return {
      isReachable: false,
      checks: [{ name: "admin API", verdict: "fail", text: error.message, ...fix }],
    };
  }
}

const FIX_REFUSED =
  "Is this the admin API's address, and do you have the right to use it? `perdure whoami` says what has chosen it.";

export function versionCheck(server: string): Check {
  const name = "versions";
  if (server === PACKAGE_VERSION) return { name, verdict: "ok", text: `both are ${server}` };
  return {
    ...{ name, verdict: "warn", text: `the server is ${server}, this command line is ${PACKAGE_VERSION}` },
    fix: "Use the same version of perdure for both.",
  };
}

/** `date`: of the server's answer, in whole seconds. */
export function clockCheck(date: string | undefined, nowMs: number): Check {
  const name = "clock";
  const atMs = timeOf(date);
  if (atMs === undefined) return { name, verdict: "ok", text: "the server does not say what time it is" };
  const differenceMs = Math.abs(atMs - nowMs);
  if (differenceMs <= CLOCK_DIFFERENCE_MS) return { name, verdict: "ok", text: "both clocks agree" };
  return {
    ...{ name, verdict: "warn" as const },
    text: `the server's clock and this machine's differ by ${shortDuration(differenceMs)}`,
    fix: "Set them by NTP: delays and retentions are counted by the server's, ages by yours.",
  };
}

/** The way of callers: the ingress. */
export async function wayChecks(cli: Cli): Promise<Check[]> {
  const name = "ingress";
  try {
    const door = await cli.ingress();
    const answer = await healthOf(door);
    if (answer < 400) return [{ name, verdict: "ok", text: `${door.address} answers` }];
    return [
      { ...{ name, verdict: "fail" as const, text: `${door.address} answers ${answer}` }, fix: FIX_INGRESS },
    ];
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return [{ ...{ name, verdict: "fail" as const, text: error.message }, fix: FIX_INGRESS }];
  }
}

const FIX_INGRESS = "Callers do not get through. If it is elsewhere for you, name it with --ingress-url.";

const healthOf = async (door: Door): Promise<number> =>
  (await door.send({ method: "GET", path: "/restate/health", timeoutMs: HEALTH_ANSWER_MS })).status;

export async function deploymentChecks(admin: AdminClient): Promise<Check[]> {
  const all = await statedDeployments(admin);
  const name = "deployments";
  if (all.length === 0) {
    const fix = "Register what serves handlers: perdure deployments register http://localhost:9080";
    return [{ name, verdict: "warn", text: "none is registered", fix }];
  }
  const active = all.filter(({ status }) => status === "Active");
  const draining = all.filter(({ status }) => status === "Draining");
  const drained = all.filter(({ status }) => status === "Drained");
  const reached = await Promise.all(active.filter(({ type }) => type === "HTTP").map(reachedCheck));
  return [
    { name, verdict: "ok", text: `${active.length} active, ${drained.length} drained` },
    ...reached,
    ...draining.map(({ id, pinned, isAll }): Check => ({
      ...{
        name,
        verdict: "warn",
        text: `${id} is old, and has ${countText(pinned, isAll)} open invocations`,
      },
      fix: `Keep it running. \`perdure deployments drain ${id} --wait\` waits until it is needed no more.`,
    })),
  ];
}

/** From here: the server may have another way to it, so this is a warning. */
async function reachedCheck({
  id,
  address,
}: {
  readonly id: string;
  readonly address: string;
}): Promise<Check> {
  const name = "deployments";
  try {
    await new HttpDoor(address).send({ method: "GET", path: "/health", timeoutMs: HEALTH_ANSWER_MS });
    return { name, verdict: "ok", text: `${id} answers at ${address}` };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // A process that speaks HTTP/2 alone closes a connection that speaks HTTP/1.1: it is there.
    if (!/ECONNREFUSED|ENOTFOUND|no answer in time|EAI_AGAIN|EHOSTUNREACH/u.test(error.message))
      return { name, verdict: "ok", text: `${id} is there at ${address}` };
    return {
      ...{ name, verdict: "warn", text: `${id}: ${error.message}` },
      fix: "Start the process again, or register one elsewhere: its invocations are retried meanwhile.",
    };
  }
}

export async function invocationChecks(admin: AdminClient): Promise<Check[]> {
  const name = "invocations";
  const { found, isAll } = await openInvocations(admin, { statuses: ["paused", "backing-off"] });
  const paused = found.filter(({ status }) => status === "paused");
  const failing = found.filter(({ status }) => status === "backing-off");
  const checks = [
    ...(paused.length === 0
      ? []
      : [
          troubled(
            paused.length,
            isAll,
            "paused",
            paused[0]?.lastFailure,
            "Mend the cause, then resume them",
          ),
        ]),
    ...(failing.length === 0
      ? []
      : [
          troubled(
            failing.length,
            isAll,
            "backing-off",
            failing[0]?.lastFailure,
            "They are retried by themselves",
          ),
        ]),
  ];
  return checks.length > 0 ? checks : [{ name, verdict: "ok", text: "none is paused or failing" }];
}

function troubled(
  count: number,
  isAll: boolean,
  status: string,
  why: string | undefined,
  fix: string,
): Check {
  const first = why?.split("\n")[0];
  const reason = first === undefined ? "" : `; the first because of: ${first}`;
  return {
    ...{ name: "invocations", verdict: "warn", text: `${countText(count, isAll)} ${status}${reason}` },
    fix: `${fix}. \`perdure invocations list --status ${status}\` shows them.`,
  };
}
