/**
 * What the mailbox must not give up, so that its giving up is as harmless as in the product, where a message has a thousand deliveries
 * (`QUEUE_RECEIVES_MAX`) and not a few.
 *
 * - What is `running` or `pending` has its input in its Start only, or its place among the writers of its key, and perhaps no lock.
 *   Others would begin, and it would go on with an old token.
 * - What has ended, and has not written its state, takes its key's lock (R6). One delivery of the thousand comes to that. Here the last
 *   one counts: if its dispatcher has died, or if the head or the lock was out of reach, the message comes once more.
 */
import { hasReached, stateKey } from "../../lib/model/fence.ts";
import type { ItemKey } from "../../lib/model/item.ts";
import { lockKey, parseLock } from "../../lib/model/lock.ts";
import { decodeMessage } from "../../lib/model/message.ts";
import type { Life } from "./life.ts";
import type { Tables } from "./tables.ts";

/** A message as the mailbox holds it. */
interface Undeliverable {
  readonly body: string;
  /** When it was handed out last. */
  readonly handedMs: number;
  readonly holder?: { readonly alive: boolean };
}

export class Undelivered {
  readonly #lives: ReadonlyMap<string, Life>;
  readonly #now: () => number;
  /** When a request for a head or a lock failed last, by partition. */
  readonly #failedMs = new Map<string, number>();

  constructor(lives: ReadonlyMap<string, Life>, now: () => number) {
    this.#lives = lives;
    this.#now = now;
  }

  /** A request for it was refused, or its answer was lost. */
  failed({ pk, sk }: ItemKey): void {
    if (sk === "head" || sk === "lock") this.#failedMs.set(pk, this.#now());
  }

  /** It rests on its message alone. */
  restsOn({ body, handedMs, holder }: Undeliverable, tables: Tables | undefined): boolean {
    const life = this.#lives.get(decodeMessage(body).id);
    if (!life || !tables) return false;
    if (life.status === "running" || life.status === "pending") return true;
    if (life.status !== "completed" || !leavesKeyUnwritten(tables, life)) return false;
    const [service = "", , key = ""] = life.target;
    const hasFailed = [...this.#failedMs].some(
      ([pk, ms]) => ms >= handedMs && (pk === lockKey(service, key).pk || pk.endsWith(`.inv.${life.id}`)),
    );
    return hasFailed || holder?.alive === false;
  }
}

/** Its state is not as the last append says, and the lock does not name it. */
function leavesKeyUnwritten(tables: Tables, { id, token, target, entries, head }: Life): boolean {
  const [service = "", , key] = target;
  if (token === undefined || key === undefined) return false;
  const item = tables.get(lockKey(service, key));
  if (item && parseLock(item).owner.id === id) return false;
  const from = Number(head["b"]);
  const isMissing = (name: string, position: number): boolean =>
    !hasReached(tables.get(stateKey(service, key, name)), token, position);
  return entries.slice(from).some((entry, index) => {
    if (entry.kind === "set" || entry.kind === "clear") return isMissing(entry.name, from + index);
    return entry.kind === "clearAll" && entry.names.some((name) => isMissing(name, from + index));
  });
}
