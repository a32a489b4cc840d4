/**
 * Which wait takes which delivery of a signal or an awakeable.
 *
 * Job: a queue for each name. The k-th delivery goes to the k-th wait, whichever comes first. A wait that its code has given
 * up, because its race was lost or its time ran out, leaves the queue before the next delivery, so that it does not take it.
 * Boundary: no I/O, no clock.
 *
 * Invariant (D1): replay gives each delivery to the same wait. Waits join in the order of the code. Deliveries and leaves
 * are events of the log. So who takes what depends on these two orders alone, and not on how they interleave: the argument
 * is in docs/decisions/0016-signals.md. A log without leaves, as older versions wrote it, replays as it ran.
 */
import type { CompletionEntry, SignalKey } from "../model/entry.ts";
import type { Value } from "../model/value.ts";

/** Tells a command its result. `at`: the number of the event, for combinators. */
export type Completion = (result: Delivered) => void;
interface Delivered {
  readonly value: Value;
  readonly at: number;
}

export interface SignalWait {
  /** The command that asked for the signal. */
  readonly command: number;
  readonly complete: Completion;
  /** The code has awaited it, and does so no longer. Asked only when the code is at rest. */
  readonly isGivenUp: () => boolean;
}

/** A wait has left its queue. `asked`: how often the code had asked for its delivery until then. */
export interface Leave {
  readonly command: number;
  readonly asked: number;
}

/** In the log it is the completion of the signal's command, which is completed by nothing else. So older versions of the
 * engine can read it. */
export const entryOf = ({ command, asked }: Leave): CompletionEntry => ({
  ...{ kind: "completion", command, outcome: new TextEncoder().encode(String(asked)) },
});
export function leaveIn({ command, outcome }: CompletionEntry): Leave {
  const asked = outcome instanceof Uint8Array ? Number(new TextDecoder().decode(outcome)) : 1;
  return { command, asked };
}

interface Place {
  readonly queue: Queue;
  readonly wait: SignalWait;
  /** How often the code has asked: by making the wait, and by each await. */
  asked: number;
  /** When it asked, in the order of the code, since it left last. The first is its place in the queue; without one, it has left. */
  turns: number[];
}
interface Queue {
  /** Deliveries that nobody waited for. */
  readonly early: Delivered[];
  /** By their first turn. */
  readonly waiting: Place[];
}

export class SignalQueues {
  readonly #queues = new Map<string, Queue>();
  /** Waits that have no delivery yet, by command. */
  readonly #places = new Map<number, Place>();
  #turn = 0;

  /** Takes the next delivery: one that came early, or else the next that comes. */
  join(key: SignalKey, wait: SignalWait): void {
    const place: Place = { queue: this.#queueOf(key), wait, asked: 0, turns: [] };
    this.#places.set(wait.command, place);
    this.#ask(place);
  }

  /** The code awaits it, alone or as a part. If it has left, it joins as a new one does. */
  await(command: number): void {
    const place = this.#places.get(command);
    if (place) this.#ask(place);
  }

  #ask(place: Place): void {
    const hasLeft = place.turns.length === 0;
    place.asked++;
    place.turns.push(++this.#turn);
    if (hasLeft) this.#enter(place);
  }

  #enter(place: Place): void {
    const { early, waiting } = place.queue;
    const delivered = early.shift();
    if (delivered) return this.#take(place, delivered);
    const [turn = 0] = place.turns;
    const at = waiting.findLastIndex(({ turns: [other = 0] }) => other < turn) + 1;
    waiting.splice(at, 0, place);
  }

  #take({ wait }: Place, delivered: Delivered): void {
    this.#places.delete(wait.command);
    wait.complete(delivered);
  }

  deliver(key: SignalKey, delivered: Delivered): void {
    const { early, waiting } = this.#queueOf(key);
    const first = waiting.shift();
    if (first) this.#take(first, delivered);
    else early.push(delivered);
  }

  /** The waits that must leave before the next delivery, so that it goes to one that is there. An awakeable has one wait, and
   * keeps what it got. */
  givenUp(key: SignalKey): readonly Leave[] {
    if (typeof key === "number") return [];
    const { waiting } = this.#queueOf(key);
    const there = waiting.findIndex(({ wait }) => !wait.isGivenUp());
    const leaving = waiting.slice(0, there < 0 ? waiting.length : there);
    return leaving.map(({ wait: { command }, asked }) => ({ command, asked }));
  }

  /** Whether it is in the queue, and the code has come as far as it had when the wait left. */
  canLeave({ command, asked }: Leave): boolean {
    const place = this.#places.get(command);
    return place !== undefined && place.turns.length > 0 && place.asked >= asked;
  }

  /** The code may be ahead of the log: if it has asked again since, the wait goes to the place that it has got by that. */
  leave({ command, asked }: Leave): void {
    const place = this.#places.get(command);
    if (!place) return;
    const { waiting } = place.queue;
    waiting.splice(waiting.indexOf(place), 1);
    const later = place.asked - asked;
    place.turns = later > 0 ? place.turns.slice(-later) : [];
    if (later > 0) this.#enter(place);
  }

  #queueOf(key: SignalKey): Queue {
    const name = JSON.stringify(key);
    let queue = this.#queues.get(name);
    if (!queue) this.#queues.set(name, (queue = { early: [], waiting: [] }));
    return queue;
  }
}
