/**
 * Makes a failing run smaller while it still fails by the same rule. It leaves out whole kinds of faults, then
 * requests, instructions, and single faults. It is deterministic: the same seed gives the same small run.
 */
import type { AimedRun } from "./aim.ts";
import type { FaultPlan } from "./faults.ts";
import type { Instruction, Program } from "./program.ts";
import { run, type RunResult } from "./run.ts";
import type { Workload } from "./requests.ts";

const TRIES_MAX = 300;

export interface Small {
  readonly result: RunResult;
  readonly plan: FaultPlan;
  readonly tries: number;
}

/** `aimed`: the run that failed. */
export async function shrink(failed: RunResult, aimed: AimedRun): Promise<Small> {
  const { plan, workload: _drawn, ...as } = aimed;
  const rule = failed.violation?.rule;
  let best: Small = { result: failed, plan, tries: 0 };
  let tries = 0;
  const attempt = async (workload: Workload, candidate: FaultPlan): Promise<boolean> => {
    if (tries >= TRIES_MAX) return false;
    tries++;
    const result = await run({ ...as, plan: candidate, workload, isDetailed: true });
    if (result.violation?.rule !== rule || result.trace.lines.length > best.result.trace.lines.length)
      return false;
    best = { result, plan: candidate, tries };
    return true;
  };
  // oxlint-disable-next-line no-unmodified-loop-condition -- `attempt` counts the tries
  for (let shrunk = true; shrunk && tries < TRIES_MAX;) {
    shrunk = false;
    for (const kind of best.result.kinds) {
      const without = [...(best.plan.without ?? []), kind as never];
      shrunk = (await attempt(best.result.workload, { ...best.plan, without })) || shrunk;
    }
    for (const smaller of smallerWorkloads(best.result.workload)) {
      if (await attempt(smaller, best.plan)) {
        shrunk = true;
        break;
      }
    }
    for (let strike = 0; strike < Math.min(best.result.strikes, 40); strike++) {
      if (best.plan.skip?.includes(strike)) continue;
      shrunk =
        (await attempt(best.result.workload, { ...best.plan, skip: [...(best.plan.skip ?? []), strike] })) ||
        shrunk;
    }
  }
  return { ...best, tries };
}

/** Each lacks one request, or one instruction. */
function* smallerWorkloads(workload: Workload): Generator<Workload> {
  for (const [index, root] of workload.roots.entries()) {
    if (workload.roots.length > 1)
      yield { ...workload, roots: workload.roots.filter((other) => other !== root) };
    for (const program of smallerPrograms(root.program)) {
      yield {
        ...workload,
        roots: workload.roots.map((other, at) => (at === index ? { ...root, program } : other)),
      };
    }
    if (root.outside) {
      const { outside: _, ...alone } = root;
      yield { ...workload, roots: workload.roots.map((other, at) => (at === index ? alone : other)) };
    }
  }
}

function* smallerPrograms(program: Program): Generator<Program> {
  for (const body of smallerBodies(program.body)) yield { ...program, body };
}

function* smallerBodies(body: readonly Instruction[]): Generator<readonly Instruction[]> {
  for (const [index, instruction] of body.entries()) {
    yield body.filter((_, at) => at !== index);
    for (const smaller of smallerInstructions(instruction))
      yield body.map((other, at) => (at === index ? smaller : other));
  }
}

// oxlint-disable-next-line complexity -- one branch for each kind of instruction
function* smallerInstructions(instruction: Instruction): Generator<Instruction> {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- all others have nothing to take away
  switch (instruction.do) {
    case "call":
    case "send":
      for (const program of smallerPrograms(instruction.program)) yield { ...instruction, program };
      return;
    case "branches":
      for (const [index, branch] of instruction.branches.entries()) {
        for (const body of smallerBodies(branch)) {
          yield {
            ...instruction,
            branches: instruction.branches.map((other, at) => (at === index ? body : other)),
          };
        }
      }
      return;
    case "try":
      for (const body of smallerBodies(instruction.body)) yield { ...instruction, body };
      for (const recover of smallerBodies(instruction.recover)) yield { ...instruction, recover };
      return;
    case "all":
    case "any":
    case "race":
    case "settled":
      if (instruction.parts.length > 1) {
        for (const part of instruction.parts)
          yield { ...instruction, parts: instruction.parts.filter((other) => other !== part) };
      }
      return;
    default:
  }
}
