/** The messages of one group that wait to be handed out, in order. This is in memory; the rows of the database are durable. */

export interface Pending {
  readonly seq: number;
  /** How often it has been handed out, as far as is known. */
  readonly receives: number;
}

export class MessageGroup {
  readonly name: string;
  /** A batch is out, or the pause after a failure has not ended. */
  locked = false;
  /** The last pause. 0 after a batch without failures. */
  pauseMs = 0;
  #messages: Pending[] = [];
  // Where the first message is. Removing it from the front of a long array would cost the array's length.
  #first = 0;

  constructor(name: string) {
    this.name = name;
  }

  get size(): number {
    return this.#messages.length - this.#first;
  }

  add(message: Pending): void {
    this.#messages.push(message);
  }

  /** Takes up to `count` messages from the front. */
  take(count: number): Pending[] {
    if (this.#first > 1024 && this.#first * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#first);
      this.#first = 0;
    }
    const taken = this.#messages.slice(this.#first, this.#first + count);
    this.#first += taken.length;
    return taken;
  }

  /** Puts messages of the last {@link take} back, in front of all others. */
  putBack(messages: readonly Pending[]): void {
    this.#first -= messages.length;
    for (const [index, message] of messages.entries()) this.#messages[this.#first + index] = message;
  }
}
