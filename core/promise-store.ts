/**
 * Durable promises of a workflow: one item each. Completed once, by one conditional write that remembers who did it,
 * so that its own repetition is no "already completed"; who waits is registered in the same item, so that a
 * completion and a registration meet on it and no wake-up is lost.
 *
 *   x outcome · by who completed it · "w:…" who waits
 */
import { promisePartition } from "../lib/ids.ts";
import type { Attributes, ItemKey } from "../lib/item.ts";
import type { ReplyTo, Target } from "../lib/message.ts";
import { decodeOutcome, encodeOutcome, type Outcome } from "../lib/outcome.ts";
import type { ItemStore } from "../lib/ports.ts";

const WAITER = "w:";

const keyOf = ({ service, key }: Target, name: string): ItemKey => ({
  table: "state",
  pk: promisePartition(service, key ?? ""),
  sk: name,
});

/** The promise's outcome; `undefined` while it is not completed. One strong read. */
export async function peekPromise(
  items: ItemStore,
  target: Target,
  name: string,
): Promise<Outcome | undefined> {
  const item = await items.get(keyOf(target, name));
  return item?.["x"] === undefined ? undefined : decodeOutcome(item["x"]);
}

export interface Completed {
  /** `false`: somebody else had completed it before. */
  readonly mine: boolean;
  readonly waiters: readonly ReplyTo[];
  readonly outcome: Outcome;
}

/** `by` names the completing operation. Harmless to repeat. */
export async function completePromise(
  items: ItemStore,
  target: Target,
  name: string,
  outcome: Outcome,
  by: string,
): Promise<Completed> {
  const { won, item } = await items.write({
    op: "update",
    key: keyOf(target, name),
    changes: [
      { do: "set", attribute: "x", value: encodeOutcome(outcome) },
      { do: "set", attribute: "by", value: by },
    ],
    when: { is: "missing", attribute: "x" },
  });
  const held = item ?? {};
  return { mine: won || held["by"] === by, waiters: waitersOf(held), outcome: decodeOutcome(held["x"]) };
}

/** Registers who is to be told; answers the outcome if it is completed already. Harmless to repeat. */
export async function awaitPromise(
  items: ItemStore,
  target: Target,
  name: string,
  waiter: ReplyTo,
): Promise<Outcome | undefined> {
  const attribute = `${WAITER}${waiter.id}|${waiter.incarnation}|${waiter.command}`;
  const { won, item } = await items.write({
    op: "update",
    key: keyOf(target, name),
    changes: [{ do: "set", attribute, value: true }],
    when: { is: "missing", attribute: "x" },
  });
  return won ? undefined : decodeOutcome(item?.["x"]);
}

function waitersOf(item: Attributes): ReplyTo[] {
  return Object.keys(item)
    .filter((name) => name.startsWith(WAITER))
    .map((name) => {
      const [id = "", incarnation, command] = name.slice(WAITER.length).split("|");
      return { id, incarnation: Number(incarnation), command: Number(command) };
    });
}
