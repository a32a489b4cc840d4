/** What generated handlers do: lists of instructions, interpreted by `interpreter.ts`. They travel as JSON inputs. */
export type Callee =
  | "plain"
  | "exclusive"
  | "shared"
  | "workflow"
  | "workflow-shared"
  /** With retentions of seconds: a service, and a workflow's run and shared handler. */
  | "brief"
  | "brief-run"
  | "brief-look";

export interface Program {
  /** Names the program in the whole run: it must run exactly once. */
  readonly pid: string;
  readonly callee: Callee;
  readonly key?: string;
  readonly body: readonly Instruction[];
  /** The caller's result that led to this call (J2). */
  readonly token?: string;
}

/** Fails `times` times (counted over all attempts), then succeeds. */
export interface StepInstruction {
  readonly do: "step";
  readonly name: string;
  readonly ms: number;
  readonly fails?: number;
  readonly terminal?: true;
  /** Retries of its own. */
  readonly attemptsMax?: number;
  /** Bytes that are added to its result. */
  readonly padding?: number;
}
/** A step whose writes to the user's tables commit with its entry (X1). */
export interface TransactInstruction extends Omit<StepInstruction, "do"> {
  readonly do: "transact";
  /** It makes this item, too, which only one can. */
  readonly slot?: string;
}
/** A step that the code gives another name in every other attempt. It fails the first time that it is done (0019). */
export interface DriftInstruction {
  readonly do: "drift";
  readonly name: string;
  readonly ms: number;
}
export interface SleepInstruction {
  readonly do: "sleep";
  readonly ms: number;
}
export interface CallInstruction {
  readonly do: "call";
  readonly program: Program;
  readonly idempotencyKey?: string;
}
export interface PromiseGetInstruction {
  readonly do: "promise.get";
  readonly name: string;
}
export interface AwakeableInstruction {
  readonly do: "awakeable";
  readonly name: string;
  readonly resolveAfterMs: number;
  readonly times: number;
  readonly rejects?: true;
}
/** Two deliveries of one signal, of which each is awaited. */
export interface SignalInstruction {
  readonly do: "signals";
  readonly name: string;
  readonly afterMs: number;
  /** The step that asks for them lasts so long. */
  readonly askMs?: number;
}
export interface CombineInstruction {
  readonly do: "all" | "any" | "race" | "settled";
  readonly parts: readonly Part[];
}
export interface TimeoutInstruction {
  readonly do: "timeout";
  readonly part: Part;
  readonly ms: number;
}
/** What yields a durable promise, and can be combined. */
export type Part =
  | StepInstruction
  | TransactInstruction
  | SleepInstruction
  | CallInstruction
  | PromiseGetInstruction
  | AwakeableInstruction
  | SignalInstruction
  | CombineInstruction
  | TimeoutInstruction;

export type Instruction =
  | Part
  | DriftInstruction
  | { readonly do: "get" | "set" | "clear"; readonly name: string }
  /** Reads a number and writes it back, larger or smaller. Two at once must not lose an update. */
  | { readonly do: "add"; readonly name: string; readonly by: number }
  | { readonly do: "clearAll" | "keys" }
  | {
      readonly do: "send";
      readonly program: Program;
      readonly delayMs?: number;
      readonly idempotencyKey?: string;
      readonly cancelled?: true;
    }
  /** A send whose result is awaited all the same. */
  | { readonly do: "attach"; readonly program: Program }
  | { readonly do: "promise.resolve" | "promise.peek"; readonly name: string }
  | { readonly do: "throw"; readonly terminal?: true; readonly times?: number; readonly name: string }
  | { readonly do: "try"; readonly body: readonly Instruction[]; readonly recover: readonly Instruction[] }
  /** Native concurrency: branches that run side by side on their own. */
  | { readonly do: "branches"; readonly branches: readonly (readonly Instruction[])[] };

/** All programs in it, itself first. */
export function programsIn(program: Program): Program[] {
  const found = [program];
  const visit = (instruction: Instruction): void => {
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- all others hold no instructions
    switch (instruction.do) {
      case "call":
      case "attach":
      case "send":
        found.push(...programsIn(instruction.program));
        return;
      case "all":
      case "any":
      case "race":
      case "settled":
        instruction.parts.forEach(visit);
        return;
      case "timeout":
        visit(instruction.part);
        return;
      case "try":
        [...instruction.body, ...instruction.recover].forEach(visit);
        return;
      case "branches":
        instruction.branches.flat().forEach(visit);
        return;
      default:
    }
  };
  program.body.forEach(visit);
  return found;
}
