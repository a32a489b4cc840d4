/**
 * Runs with `ctx.transact`: what a seed draws, with some of its steps writing to the user's tables. Drawn apart, so that the runs of all seeds stay
 * what they were.
 */
import { Prng } from "../../lib/prng.ts";
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

// --- small histories, for aims ---------------------------------------------------------------------------------

/** Makes parts with names that are unique in a run. */
class Draw {
  readonly prng: Prng;
  #names = 0;

  constructor(prng: Prng) {
    this.prng = prng;
  }
  step = (ms: number): StepInstruction => ({ do: "step", name: `s${++this.#names}`, ms });
  transact = (ms: number, slot?: string): TransactInstruction => ({
    ...{ do: "transact", name: `s${++this.#names}`, ms },
    ...(slot === undefined ? {} : { slot }),
  });
  root = (body: readonly Instruction[], more: Partial<Root> = {}, key?: string): Root => ({
    program: {
      ...{ pid: `p${++this.#names}`, callee: key === undefined ? "plain" : "exclusive", body },
      ...(key === undefined ? {} : { key }),
    },
    ...{ atMs: this.prng.between(0, 300), times: 1, ...more },
  });
  many = <T>(from: number, to: number, make: (index: number) => T): T[] =>
    Array.from({ length: this.prng.int(from, to) }, (_, index) => make(index));
}

/** Transactions of services and of one object, some for the same slot (X1). */
function transacted(draw: Draw): Workload {
  const { prng } = draw;
  const body = (): Instruction[] =>
    draw.many(1, 3, (index) => {
      const one = draw.transact(prng.between(0, 20), prng.chance(0.5) ? prng.pick(["x", "y"]) : undefined);
      return index === 1 ? { do: "all", parts: [one, draw.step(prng.between(0, 20))] } : one;
    });
  const roots = draw.many(2, 4, () =>
    prng.chance(0.5)
      ? draw.root(body())
      : draw.root([{ do: "set", name: "a" }, ...body()], {}, "k0-transacted"),
  );
  return { roots, disturbed: false };
}

/** A cancellation comes while a step's result is to be appended before a transaction that is due (X1). */
function cancelledAsItTransacts(draw: Draw): Workload {
  const { prng } = draw;
  const roots = draw.many(3, 6, () => {
    const ms = prng.between(100, 600);
    const parts = [draw.step(ms), draw.transact(ms + prng.between(0, 3)), draw.step(900)];
    const outside = { does: "cancel", afterMs: ms + prng.between(-60, 60) } as const;
    return draw.root([{ do: "try", body: [{ do: "all", parts }], recover: [draw.step(5)] }], { outside });
  });
  return { roots, disturbed: true };
}

const HISTORIES = { transacted, "cancelled as it transacts": cancelledAsItTransacts } as const;
export type TransactingName = keyof typeof HISTORIES;
export const isTransacting = (name: string): name is TransactingName => name in HISTORIES;
export const transactingWorkload = (name: TransactingName, seed: number): Workload =>
  HISTORIES[name](new Draw(new Prng(seed, "transacting")));
