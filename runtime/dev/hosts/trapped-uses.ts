/**
 * What handlers use outside of steps that makes attempts differ: the time, random numbers, timers, requests. Each place is told once, in a
 * process of `perdure dev` and in a test environment. It is a warning: a handler that only logs the time does no harm.
 */
import { TRAPPED_PLACES_MAX } from "../../../lib/limits/author.ts";
import { NAMED_USES_MAX } from "../../../lib/limits/local.ts";
import { type AnyFunction, INSTEAD, userPlaceOf, type Trapped, usersLine } from "./trap-set.ts";

interface Use {
  /** `Cart/add` */
  readonly handler: string;
  readonly words: string;
}

/** Behind the first one. */
export const TRAPS_OFF = " (PERDURE_TRAPS=off turns such lines off.)";

export class TrappedUses {
  /** `undefined`: a file of a package. */
  readonly #places = new Map<string, Use | undefined>();

  /** Answers the words of a use that is new. */
  found(handler: string, what: Trapped, from: AnyFunction): string | undefined {
    if (this.#places.size >= TRAPPED_PLACES_MAX) return undefined;
    const place = userPlaceOf(from);
    if (place === undefined || this.#places.has(place)) return undefined;
    const line = usersLine(from);
    const words = line === undefined ? undefined : `${what} outside of a step, at ${line}`;
    this.#places.set(place, words === undefined ? undefined : { handler, words });
    return words === undefined ? undefined : `${handler} uses ${words}: ${INSTEAD[what]}`;
  }

  /** Of one handler, for a message. */
  wordsOf(handler: string): string {
    const uses = [...this.#places.values()].filter((use) => use?.handler === handler);
    return uses
      .slice(0, NAMED_USES_MAX)
      .map((use) => `\nIt uses ${use?.words ?? ""}.`)
      .join("");
  }
}
