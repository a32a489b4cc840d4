/** What an invocation waits for, as a tree of plain objects. */
import { WAIT_VIEW_DEPTH_MAX, WAIT_VIEW_PARTS_MAX } from "../../lib/limits/http.ts";
import { type CommandEntry, type Entry, isCommand, type SignalKey } from "../../lib/model/entry.ts";
import type { Head } from "../../lib/model/head.ts";
import { awakeableId, type InvocationId } from "../../lib/model/ids.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import type { Combined, Leaf, Wait } from "../../lib/model/wait.ts";
import { viewTime } from "./value-view.ts";
import { targetText } from "../../lib/model/target-text.ts";

export type WaitView =
  | { readonly kind: "sleep"; readonly command: number; readonly name?: string; readonly due_at: string }
  | {
      readonly kind: "call";
      readonly command: number;
      readonly name?: string;
      readonly invoked_id?: string;
      readonly invoked_target?: string;
    }
  | { readonly kind: "attach"; readonly command: number; readonly invoked_id: string }
  | { readonly kind: "promise"; readonly command: number; readonly name: string }
  | { readonly kind: "signal"; readonly name: string }
  | { readonly kind: "awakeable"; readonly name?: string; readonly awakeable_id: string }
  | {
      readonly kind: "all" | "any" | "race" | "allSettled";
      readonly parts: readonly WaitView[];
      /** Beyond the first ones. */
      readonly parts_left_out?: number;
    };

/** Whose wait it is. `log`: what says of calls whom they have called. */
export interface WaitOwner {
  readonly id: InvocationId;
  readonly head: Pick<Head, "incarnation">;
  readonly log: readonly Entry[];
}

const COMBINATORS = { all: "all", any: "any", race: "race", settled: "allSettled" } as const;

/** `partsMax`: of one combinator. */
export function viewWait(wait: Wait, owner: WaitOwner, partsMax = WAIT_VIEW_PARTS_MAX): WaitView {
  return viewOf(wait, new Waiting(owner, partsMax), 0);
}

/** What a log says of what is waited for. */
class Waiting {
  readonly #owner: WaitOwner;
  readonly #commands = new Map<number, CommandEntry>();
  readonly #labels = new Map<SignalKey, string>();

  readonly partsMax: number;

  constructor(owner: WaitOwner, partsMax: number) {
    this.#owner = owner;
    this.partsMax = partsMax;
    for (const entry of owner.log) {
      if (isCommand(entry)) this.#commands.set(entry.command, entry);
      if (entry.kind === "signal" && entry.label !== undefined) this.#labels.set(entry.signal, entry.label);
    }
  }

  sleepName(command: number): { readonly name?: string } {
    const entry = this.#commands.get(command);
    return entry?.kind === "sleep" && entry.name !== "" ? { name: entry.name } : {};
  }

  called(command: number): object {
    const entry = this.#commands.get(command);
    if (entry?.kind !== "call") return {};
    const { name } = entry.call;
    return {
      ...(name === null ? {} : { name }),
      invoked_id: shownId(entry.callee),
      invoked_target: targetText(entry.call),
    };
  }

  awakeable(index: number): WaitView {
    const { id, head } = this.#owner;
    const name = this.#labels.get(index);
    return {
      kind: "awakeable",
      ...(name === undefined ? {} : { name }),
      awakeable_id: awakeableId({ id, incarnation: head.incarnation, index }),
    };
  }
}

function viewOf(wait: Wait, waiting: Waiting, depth: number): WaitView {
  if (!("parts" in wait)) return viewLeaf(wait, waiting);
  const [first] = wait.parts;
  // A mapper, and a sleep that only runs beside something, are nothing to wait for.
  if ((wait.kind === "mapped" || wait.kind === "also") && first) return viewOf(first, waiting, depth);
  const most = depth < WAIT_VIEW_DEPTH_MAX ? waiting.partsMax : 0;
  const parts = wait.parts.slice(0, most).map((part) => viewOf(part, waiting, depth + 1));
  const leftOut = wait.parts.length - parts.length;
  return { kind: nameOf(wait.kind), parts, ...(leftOut === 0 ? {} : { parts_left_out: leftOut }) };
}

const nameOf = (kind: Combined["kind"]): "all" | "any" | "race" | "allSettled" =>
  kind === "mapped" || kind === "also" ? "all" : COMBINATORS[kind];

function viewLeaf(leaf: Leaf, waiting: Waiting): WaitView {
  switch (leaf.kind) {
    case "sleep": {
      const { command, dueAtMs } = leaf;
      return { kind: "sleep", command, ...waiting.sleepName(command), due_at: viewTime(dueAtMs) };
    }
    case "promise.get":
      return { kind: "promise", command: leaf.command, name: leaf.name };
    case "attach":
      return { kind: "attach", command: leaf.command, invoked_id: shownId(leaf.id) };
    case "call":
      return { kind: "call", command: leaf.command, ...waiting.called(leaf.command) };
    case "signal":
      return typeof leaf.signal === "number"
        ? waiting.awakeable(leaf.signal)
        : { kind: "signal", name: leaf.signal };
  }
}
