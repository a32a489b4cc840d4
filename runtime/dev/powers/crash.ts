/**
 * `POST /dev/crash`: ends the process that runs the invocation's handler with `kill -9`, now, or when its next turn or step
 * begins. What follows is what follows from any crash: the attempt has failed, and is tried again by the policy. The handler is
 * not blamed (crash-blame.ts), and turns of others in the same process are not counted as attempts.
 */
import { readHead, readLog } from "../../../lib/store/head-store.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import { badField } from "../../admin/error.ts";
import { KilledByHand } from "../hosts/killed-by-hand.ts";
import type { HostProcess } from "../hosts/host-process.ts";
import { RUNNING_STEPS_MS_MAX } from "../../../lib/limits/local.ts";
import type { ArmedCrash } from "./armed.ts";
import { noted, type PowerAnswer, type PowerExchange } from "./ports.ts";
import { addressElsewhere, openTarget, refused, stateOf, type PowerTarget } from "./target.ts";
import { count, inWords, quoted } from "./words.ts";

const LATER: readonly ArmedCrash["when"][] = ["next-turn", "next-step"];

/** `{invocation_id, when?: "now" | "next-turn" | "next-step"}`. */
export async function crash(exchange: PowerExchange, body: Record<string, unknown>): Promise<PowerAnswer> {
  const { when = "now" } = body;
  const later = LATER.find((each) => each === when);
  if (when !== "now" && later === undefined)
    throw badField("request field 'when'", `it is none of now, ${LATER.join(", ")}`);
  const target = await openTarget(exchange.ports, body);
  await refuseElsewhere(exchange, target);
  if (later !== undefined) return arm(exchange, target.id, later);
  const process = exchange.ports.pool.processOf(target.id);
  if (!process)
    throw refused(`Nothing of it runs now: it is ${stateOf(target)}. Its next turn can be crashed.`, LATER);
  return await crashNow(exchange, target.id, process);
}

async function refuseElsewhere({ ports }: PowerExchange, target: PowerTarget): Promise<void> {
  const address = await addressElsewhere(ports, target);
  if (address === undefined && target.runs !== "elsewhere") return;
  const where = address === undefined ? "" : ` at ${address}`;
  throw refused(
    `Its handlers run in a process${where} that this server has not started and cannot kill. Kill that process yourself.`,
  );
}

function arm({ ports, armed }: PowerExchange, id: InvocationId, when: ArmedCrash["when"]): PowerAnswer {
  armed.set(id, { kind: "crash", when, atMs: ports.clock.now() });
  if (when === "next-step") ports.pool.arm(id);
  const point = when === "next-turn" ? "its next turn begins" : "its next step begins, before the step runs";
  return {
    done: false,
    message: `Its process will be killed when ${point}. Nothing has happened yet.`,
    armed: true,
    when,
  };
}

/** Kills the process. Resolves when it has ended, and all that it had asked for is done. */
export async function crashNow(
  exchange: PowerExchange,
  id: InvocationId,
  process: HostProcess,
  reached?: string,
): Promise<PowerAnswer> {
  const { pid, turns } = process;
  const steps = reached === undefined ? await stepsOf(process, id) : [];
  await process.killed(new KilledByHand(id));
  // Called from the process, it cannot wait for the end of what the process has called.
  if (reached === undefined) await process.gone;
  const recorded = await recordedSteps(exchange, id);
  const others = Math.max(turns - 1, 0);
  const sentences = [
    `The process ${pid ?? "of its handler"} was killed (kill -9) ${reached ?? whileRunning(steps)}.`,
    kept(recorded, steps ?? []),
    others === 0
      ? ""
      : `${count(others, "other invocation")} ran in it: they continue, and no attempt is counted.`,
  ];
  return noted(exchange, "crash", id, {
    done: true,
    message: sentences.filter((sentence) => sentence !== "").join(" "),
    ...(pid === undefined ? {} : { process_id: pid }),
    steps_running: steps ?? [],
    steps_recorded: recorded,
    other_invocations: others,
  });
}

/** `undefined`: it does not answer, since its code computes without a pause. */
async function stepsOf(process: HostProcess, id: InvocationId): Promise<readonly string[] | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), RUNNING_STEPS_MS_MAX);
  });
  try {
    return await Promise.race([process.steps(id), late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

async function recordedSteps({ ports: { items } }: PowerExchange, id: InvocationId): Promise<number> {
  const head = (await readHead(items, id))?.head;
  if (!head) return 0;
  const log = await readLog(items, id, head);
  return log.filter(({ kind }) => kind === "run").length;
}

function whileRunning(steps: readonly string[] | undefined): string {
  if (steps === undefined) return "while its code computed";
  if (steps.length === 0) return "while no step ran";
  return `while ${steps.length === 1 ? "step" : "steps"} ${inWords(steps.map(quoted))} ran`;
}

function kept(recorded: number, steps: readonly string[]): string {
  const stays =
    recorded === 0
      ? "No step was recorded, so all of it runs again."
      : `What was recorded stays: ${count(recorded, "step")} will not run again.`;
  if (steps.length === 0) return stays;
  const [it, has] = steps.length === 1 ? ["it has", "it is"] : ["they have", "they are"];
  return `${stays} Whether ${it} taken effect is open, so ${has} tried again: ${inWords(steps.map(quoted))}.`;
}
