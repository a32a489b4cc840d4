/**
 * Which services have mailboxes of their own (docs/decisions/0023): one item of the registry each, named by the service's tag, so that
 * the group of a message finds it.
 *
 * A runtime without such services reads none of that for a message. Its stack says whether there may be some. If it says no, what
 * begins looks once whether there have been, since a stack may say no too early. The registrar makes none where the stack says no.
 *
 * A service that moves is held for a while: its messages stay in the runtime's mailbox, and are neither handled nor sent on. It
 * ends at `heldUntilMs` by itself, should the one that has begun the move die.
 */
import { REGISTRY_CACHE_MS } from "../limits.ts";
import { serviceTag } from "../model/ids.ts";
import type { Attributes } from "../model/item.ts";
import type { Clock, ItemStore } from "../ports.ts";
import { registered } from "./registry.ts";
import { keyOf } from "./registry-reader.ts";

export interface OwnMailbox {
  readonly service: string;
  readonly url: string;
  /** Epoch milliseconds. Once that is over, its messages are sent on. */
  readonly heldUntilMs: number;
}

const MAILBOX = "mailbox";
/** Not a tag. The item is made with the first own mailbox, and stays. */
const ANY = "any";
const itemOf = (mailbox: OwnMailbox): Attributes => ({ ...mailbox });

export class OwnMailboxes {
  readonly #items: ItemStore;
  readonly #clock: Pick<Clock, "now">;
  #mayBe: Promise<boolean> | undefined;
  readonly #cache = new Map<
    string,
    { readonly readAtMs: number; readonly value: Promise<OwnMailbox | undefined> }
  >();

  /** `areExpected`: the stack says that there may be some. */
  constructor(items: ItemStore, clock: Pick<Clock, "now">, areExpected: boolean) {
    this.#items = items;
    this.#clock = clock;
    if (areExpected) this.#mayBe = Promise.resolve(true);
  }

  /** May lag by `REGISTRY_CACHE_MS`. What cannot be read is not known: it throws. */
  async of(tag: string): Promise<OwnMailbox | undefined> {
    if (!(await this.#areSome())) return undefined;
    const nowMs = this.#clock.now();
    const cached = this.#cache.get(tag);
    if (cached && nowMs - cached.readAtMs < REGISTRY_CACHE_MS && nowMs >= cached.readAtMs)
      return await cached.value;
    const value = this.#read(tag);
    this.#cache.set(tag, { readAtMs: nowMs, value });
    value.catch(() => void this.#cache.delete(tag));
    return await value;
  }

  #areSome(): Promise<boolean> {
    if (this.#mayBe) return this.#mayBe;
    const found = this.#items.get(keyOf(MAILBOX, ANY)).then((item) => item !== undefined);
    this.#mayBe = found;
    found.catch(() => (this.#mayBe = undefined));
    return found;
  }

  async #read(tag: string): Promise<OwnMailbox | undefined> {
    return (await this.#items.get(keyOf(MAILBOX, tag))) as OwnMailbox | undefined;
  }

  async now(service: string): Promise<OwnMailbox | undefined> {
    return await this.#read(serviceTag(service));
  }

  async all(): Promise<readonly OwnMailbox[]> {
    const found = await registered(this.#items, MAILBOX);
    const mailboxes = found.filter(({ pk }) => pk !== keyOf(MAILBOX, ANY).pk);
    return mailboxes.map(({ attributes }) => attributes as unknown as OwnMailbox);
  }

  async put(mailbox: OwnMailbox): Promise<void> {
    await this.#items.write({ op: "put", key: keyOf(MAILBOX, ANY), attributes: {} });
    await this.#items.write({
      op: "put",
      key: keyOf(MAILBOX, serviceTag(mailbox.service)),
      attributes: itemOf(mailbox),
    });
  }

  /** `false`: it is not what it was. */
  async replace({ service, heldUntilMs }: OwnMailbox, by: OwnMailbox | undefined): Promise<boolean> {
    const key = keyOf(MAILBOX, serviceTag(service));
    const when = { is: "eq", attribute: "heldUntilMs", value: heldUntilMs } as const;
    const { won } = await this.#items.write(
      by ? { op: "put", key, attributes: itemOf(by), when } : { op: "delete", key, when },
    );
    return won;
  }
}
