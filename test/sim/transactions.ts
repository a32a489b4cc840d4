/**
 * Runs with `ctx.transact`: what a seed draws, with some of its steps writing to the user's tables. Drawn apart, so that the runs of all seeds stay
 * what they were.
 */
import { Prng } from "./prng.ts";
import type { Instruction, Part, Program, StepInstruction, TransactInstruction } from "./program.ts";
import type { Root, Workload } from "./requests.ts";
import { Generator } from "./workload.ts";

/** Steps that become transactions. */
const SHARE = 0.7;
/** Those that need an item which only one of all can make. */
const SLOTTED = 0.35;
const SLOTS = ["x", "y", "z"];

export function transactionWorkload(seed: number): Workload {
  const drawn = new Generator(seed).workload();
  const prng = new Prng(seed, "transactions");
  return { ...drawn, roots: drawn.roots.map((root) => rootWith(root, prng)) };
}

function rootWith(root: Root, prng: Prng): Root {
  return {
    ...root,
    program: programWith(root.program, prng),
    ...(root.next ? { next: rootWith(root.next, prng) } : {}),
  };
}

const programWith = (program: Program, prng: Prng): Program => ({
  ...program,
  body: program.body.map((each) => instructionWith(each, prng)),
});

function instructionWith(instruction: Instruction, prng: Prng): Instruction {
  const list = (all: readonly Instruction[]): Instruction[] => all.map((each) => instructionWith(each, prng));
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- all others are parts, or hold none
  switch (instruction.do) {
    case "attach":
    case "send":
      return { ...instruction, program: programWith(instruction.program, prng) };
    case "try":
      return { ...instruction, body: list(instruction.body), recover: list(instruction.recover) };
    case "branches":
      return { ...instruction, branches: instruction.branches.map(list) };
    case "step":
    case "call":
    case "all":
    case "any":
    case "race":
    case "settled":
    case "timeout":
      return partWith(instruction, prng);
    default:
      return instruction;
  }
}

function partWith(part: Part, prng: Prng): Part {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- all others hold no steps
  switch (part.do) {
    case "step":
      return prng.chance(SHARE) ? transactionOf(part, prng) : part;
    case "call":
      return { ...part, program: programWith(part.program, prng) };
    case "all":
    case "any":
    case "race":
    case "settled":
      return { ...part, parts: part.parts.map((each) => partWith(each, prng)) };
    case "timeout":
      return { ...part, part: partWith(part.part, prng) };
    default:
      return part;
  }
}

const transactionOf = (step: StepInstruction, prng: Prng): TransactInstruction => ({
  ...step,
  do: "transact",
  ...(prng.chance(SLOTTED) ? { slot: prng.pick(SLOTS) } : {}),
});
