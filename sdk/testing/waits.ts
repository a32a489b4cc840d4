/** What a suspended invocation waits for, from the answer of the admin API. */
import type { WaitView } from "../../runtime/admin/wait-view.ts";

export interface Waits {
  /** Its parts, in words: `sleep the right to return it`, `awakeable approval`, `call Payments/charge`. */
  readonly words: string;
  /** When the first sleep or limit among them is over. */
  readonly until?: Date;
}

export function waitsIn({ waiting_for }: { readonly waiting_for?: WaitView }): Waits {
  const leaves = waiting_for === undefined ? [] : leavesOf(waiting_for);
  const times = leaves.flatMap((leaf) => (leaf.kind === "sleep" ? [Date.parse(leaf.due_at)] : []));
  return {
    words: leaves.map(wordsOf).join(", "),
    ...(times.length === 0 ? {} : { until: new Date(Math.min(...times)) }),
  };
}

type Leaf = Exclude<WaitView, { readonly parts: readonly WaitView[] }>;

const leavesOf = (wait: WaitView): readonly Leaf[] =>
  "parts" in wait ? wait.parts.flatMap(leavesOf) : [wait];

function wordsOf(leaf: Leaf): string {
  const { kind } = leaf;
  const name = "name" in leaf ? leaf.name : undefined;
  const target = kind === "call" ? leaf.invoked_target : undefined;
  const named = [kind, name, target].filter((part) => part !== undefined && part !== "");
  return named.join(" ");
}
