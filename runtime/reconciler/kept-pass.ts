/**
 * A pass over all heads that may take several runs: a run that is out of time says where it stopped, and the next one goes
 * on from there (docs/decisions/0010-retiring-deployments.md). It is one item of the registry.
 *
 * What it holds is true together: `pinned` has every deployment that a head at or before `after` was pinned to when the pass
 * met it. So each write replaces all of it. Two runs at the same time, or one that is stopped before it could write, make
 * heads be met twice, which is harmless.
 */
import type { Attributes, ItemKey } from "../../lib/model/item.ts";
import type { Clock, ItemStore } from "../../lib/ports.ts";
import { PINNED_KEPT_MAX } from "../../lib/limits.ts";

/** How far a pass has come. */
export interface KeptPass {
  /** When its first run began. */
  readonly beganMs: number;
  /** Absent: at the beginning. */
  readonly after?: string;
  /** The deployments that heads so far are pinned to. */
  readonly pinned: ReadonlySet<string>;
  /** Whether `pinned` may lack some: a head could not be read, or there are too many. */
  readonly unsure: boolean;
}

const KEY: ItemKey = { table: "registry", pk: "reconciler.pass", sk: "pass" };

export class PassKeeper {
  readonly #items: ItemStore;
  readonly #clock: Clock;
  #isKept = false;

  constructor(items: ItemStore, clock: Clock) {
    this.#items = items;
    this.#clock = clock;
  }

  /** The pass that is under way, or a new one. */
  async begin(): Promise<KeptPass> {
    const kept = parse(await this.#items.get(KEY));
    this.#isKept = kept !== undefined;
    return kept ?? { beganMs: this.#clock.now(), pinned: new Set(), unsure: false };
  }

  async keep({ beganMs, after, pinned, unsure }: KeptPass): Promise<void> {
    const isTooMuch = pinned.size > PINNED_KEPT_MAX;
    await this.#items.write({
      op: "update",
      key: KEY,
      changes: [
        { do: "set", attribute: "b", value: beganMs },
        { do: "set", attribute: "a", value: after ?? "" },
        { do: "set", attribute: "p", value: isTooMuch ? [] : [...pinned] },
        { do: "set", attribute: "u", value: unsure || isTooMuch },
      ],
    });
    this.#isKept = true;
  }

  /** The pass is complete: the next one begins anew. */
  async end(): Promise<void> {
    if (this.#isKept) await this.#items.write({ op: "delete", key: KEY });
    this.#isKept = false;
  }
}

/** `undefined`: there is none, or another version wrote it. Then the pass begins anew. */
function parse(item: Attributes | undefined): KeptPass | undefined {
  if (item === undefined) return undefined;
  const { a: after, b: beganMs, p: pinned, u: unsure } = item;
  if (typeof after !== "string" || typeof beganMs !== "number" || !Array.isArray(pinned)) return undefined;
  return {
    beganMs,
    ...(after === "" ? {} : { after }),
    pinned: new Set(pinned.filter((id) => typeof id === "string")),
    unsure: unsure !== false,
  };
}
