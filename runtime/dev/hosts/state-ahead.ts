/**
 * State that goes to a handler's process with the turn, since it is likely to be read: a small object's whole state. To ask for it takes a way
 * through the pipe and back, which is a third of a short call.
 *
 * Why it is what a read would find. A turn of an exclusive handler begins when all outputs of what came before are done (R2, R6). From then
 * on nobody writes the key's state but this invocation (W3), and what a zombie writes is refused by its fence. So nothing changes until the
 * turn's own first write, and after that nothing is answered from here. A turn that is a zombie itself reads what it would have read
 * at its beginning; its next append is refused, as ever.
 */
import { sizeOf, type Attributes, type ItemKey } from "../../../lib/model/item.ts";
import { statePartition } from "../../../lib/model/ids.ts";
import { STATE_AHEAD_BYTES_MAX, STATE_AHEAD_ITEMS_MAX } from "../../../lib/limits/local.ts";
import type { ItemStore, StoredItem } from "../../../lib/ports.ts";
import type { TurnRequest } from "../../../lib/protocol.ts";

/** The whole state of a key. */
export interface StateAhead {
  readonly pk: string;
  readonly items: readonly StoredItem[];
}

/** `undefined`: it is much, or others may write it. */
export async function stateAhead(
  items: Pick<ItemStore, "query">,
  { token, target: { service, key } }: TurnRequest,
): Promise<StateAhead | undefined> {
  if (token === undefined || key === undefined) return undefined;
  const pk = statePartition(service, key);
  const page = await items.query("state", pk, "", { limit: STATE_AHEAD_ITEMS_MAX });
  const bytes = page.items.reduce((sum, { attributes }) => sum + sizeOf(attributes), 0);
  return page.next !== undefined || bytes > STATE_AHEAD_BYTES_MAX ? undefined : { pk, items: page.items };
}

/** A turn's items, with its state at hand until it writes. */
export function withStateAhead(items: ItemStore, { pk, items: held }: StateAhead): ItemStore {
  let known: Map<string, Attributes> | undefined = new Map(
    held.map(({ sk, attributes }) => [sk, attributes]),
  );
  const isKnown = (key: ItemKey): boolean => known !== undefined && key.table === "state" && key.pk === pk;
  const written = <T>(asked: T): T => {
    known = undefined;
    return asked;
  };
  const transact = items.transact?.bind(items);
  return {
    ...items,
    get: async (key, options) => (isKnown(key) ? known?.get(key.sk) : await items.get(key, options)),
    write: (write, options) => written(items.write(write, options)),
    ...(transact && { transact: (append, writes) => written(transact(append, writes)) }),
  };
}
