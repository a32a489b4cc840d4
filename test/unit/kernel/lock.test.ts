/** A key's lock: its writes, evaluated as a store would: take, park, hand off. */
import { expect, test } from "vitest";
import { type Attributes, evaluate, type ItemKey, type Write } from "../../../lib/model/item.ts";
import { INBOX_INLINE_MAX } from "../../../lib/limits.ts";
import {
  handOff,
  type Holder,
  inboxKey,
  isParkedInline,
  leave,
  lockKey,
  park,
  parseInboxItem,
  parseLock,
  takeLock,
  wokenBy,
} from "../../../lib/model/lock.ts";

const key = lockKey("Counter", "k");
const holder = (n: number, incarnation = 0): Holder => ({
  id: `inv_${n}`,
  incarnation,
  token: String(n).padStart(4, "0"),
});
const [a, b, c] = [holder(1), holder(2), holder(3)];

/** A table of one key. It evaluates conditions, so it refuses writes as a store does. */
class Table {
  readonly items = new Map<string, Attributes>();

  write(write: Write): boolean {
    const name = nameOf(write.key);
    const { won, item } = evaluate(this.items.get(name), write);
    if (won && item) this.items.set(name, item);
    else if (won) this.items.delete(name);
    return won;
  }

  get lock() {
    const item = this.items.get(nameOf(key));
    return item && parseLock(item);
  }

  /** As a dispatcher parks: the item first, then its place. */
  park(who: Holder): boolean {
    if (!this.lock) return false;
    const { item, lock } = park(key, this.lock, who);
    if (item) this.write(item);
    return this.write(lock);
  }

  /** As a dispatcher hands off. Returns the next owner, or "free". */
  handOff(): Holder | "free" | "refused" {
    const { lock } = this;
    if (!lock) return "refused";
    const overflowKey = inboxKey(key, lock.from);
    const overflow = lock.inline.length === 0 ? this.items.get(nameOf(overflowKey)) : undefined;
    const parked = overflow && parseInboxItem(overflow);
    const { next, write } = handOff(key, lock, wokenBy("message"), parked);
    if (!this.write(write)) return "refused";
    if (parked) this.write(leave(overflowKey, parked));
    return next ?? "free";
  }
}
const nameOf = ({ pk, sk }: ItemKey): string => `${pk} ${sk}`;

test("the lock's items of a key are apart from each other, and in order", () => {
  expect(inboxKey(key, 9).pk).toBe(key.pk);
  expect([inboxKey(key, 10).sk, inboxKey(key, 9).sk].toSorted()).toEqual([
    inboxKey(key, 9).sk,
    inboxKey(key, 10).sk,
  ]);
});

test("a free lock is taken, once", () => {
  const table = new Table();
  expect(table.write(takeLock(key, a, 1, "n"))).toBe(true);
  expect(table.lock).toEqual({ owner: a, takenAtMs: 1, nonce: "n", inline: [], from: 0, to: 0 });
  expect(table.write(takeLock(key, a, 1, "n"))).toBe(true);
});

test("W3: from an older owner it can be taken, from a newer one not", () => {
  const table = new Table();
  table.write(takeLock(key, b, 1, "n"));
  expect(table.write(takeLock(key, a, 1, "n"))).toBe(false);
  expect(table.write(takeLock(key, c, 1, "n"))).toBe(true);
  expect(table.lock?.owner).toEqual(c);
});

test("another incarnation is another owner", () => {
  const table = new Table();
  table.write(takeLock(key, holder(1, 7), 1, "n"));
  expect(table.write(takeLock(key, holder(1, 8), 1, "n"))).toBe(false);
});

test("R6: it goes from owner to owner, and is free only when nobody waits", () => {
  const table = new Table();
  table.write(takeLock(key, a, 1, "n"));
  expect([table.park(b), table.park(c)]).toEqual([true, true]);
  expect(table.lock && isParkedInline(table.lock, b)).toBe(true);
  expect([table.handOff(), table.handOff(), table.handOff()]).toEqual([b, c, "free"]);
  expect(table.items.size).toBe(0);
});

test("W2: past the inline places they queue in items, and nobody overtakes", () => {
  const table = new Table();
  table.write(takeLock(key, a, 1, "n"));
  const parked = Array.from({ length: INBOX_INLINE_MAX + 4 }, (_, n) => holder(10 + n));
  for (const who of parked) expect(table.park(who)).toBe(true);
  expect(table.lock?.inline).toHaveLength(INBOX_INLINE_MAX);
  expect(table.items.size).toBe(5);
  const order: (Holder | string)[] = [table.handOff(), table.handOff()];
  // There is a free place inline, but the parked ones in items came first.
  const late = [holder(50), holder(51)];
  for (const who of late) table.park(who);
  expect(table.lock?.inline).toHaveLength(INBOX_INLINE_MAX - 2);
  while (table.lock) order.push(table.handOff());
  expect(order).toEqual([...parked, ...late, "free"]);
  expect(table.items.size).toBe(0);
});

test("a hand-off is refused when somebody has parked meanwhile, and a parking when the lock has moved", () => {
  const table = new Table();
  table.write(takeLock(key, a, 1, "n"));
  const seen = table.lock;
  if (!seen) throw new Error("no lock");
  table.park(b);
  expect(table.write(handOff(key, seen, wokenBy("message")).write)).toBe(false);
  expect(table.write(park(key, seen, c).lock)).toBe(false);
  expect(table.handOff()).toEqual(b);
  expect(table.handOff()).toBe("free");
  expect(table.write(park(key, seen, c).lock)).toBe(false);
  expect(table.items.size).toBe(0);
});

test("R23: nobody parks behind a lock that was freed and taken once more by the same owner", () => {
  const table = new Table();
  table.write(takeLock(key, a, 1, "n"));
  const seen = table.lock;
  if (!seen) throw new Error("no lock");
  expect(table.handOff()).toBe("free");
  // Its zombie, in the same millisecond.
  table.write(takeLock(key, a, 1, "m"));
  expect(table.write(park(key, seen, b).lock)).toBe(false);
  expect(table.park(b)).toBe(true);
});

test("R23: the lock says how its owner came by it, and an earlier version says nothing", () => {
  const table = new Table();
  table.write(takeLock(key, a, 1, "n"));
  for (const who of [b, c, holder(4)]) table.park(who);
  const handed = (by: string) => {
    if (table.lock) table.write(handOff(key, table.lock, by).write);
    return table.lock;
  };
  expect(handed("message")).toMatchObject({ owner: b, handedBy: "message" });
  expect(table.lock?.isWoken).toBeUndefined();
  expect(handed(wokenBy("message"))).toMatchObject({ owner: c, handedBy: "message", isWoken: true });
  // An earlier version hands it on.
  const changes = [
    { do: "set", attribute: "o", value: "inv_4" },
    { do: "remove", attribute: "u" },
  ] as const;
  table.write({ op: "update", key, changes });
  expect([table.lock?.handedBy, table.lock?.takenAtMs]).toEqual([undefined, undefined]);
  // It can be parked behind, and passed on.
  expect(table.park(holder(5))).toBe(true);
  // Or one that does not name the message under which it woke the owner.
  table.write({ op: "update", key, changes: [{ do: "set", attribute: "u", value: "" }] });
  expect([table.lock?.handedBy, table.lock?.isWoken]).toEqual([undefined, true]);
  expect(table.park(holder(6))).toBe(true);
});

test("two that park in the items at once do not share a place", () => {
  const table = new Table();
  table.write(takeLock(key, a, 1, "n"));
  for (let n = 0; n < INBOX_INLINE_MAX; n++) table.park(holder(10 + n));
  const seen = table.lock;
  if (!seen) throw new Error("no lock");
  expect(table.park(holder(30))).toBe(true);
  expect(table.write(park(key, seen, holder(31)).lock)).toBe(false);
});
