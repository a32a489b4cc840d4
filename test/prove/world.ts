/** What is outside of handlers, and remembers what it was asked. */
export class Bank {
  /** Cents of each charge, refunds below zero. */
  readonly booked: number[] = [];
  readonly #keys = new Set<string>();

  /** With a key it books once. */
  charge(cents: number, key?: string): number {
    if (key !== undefined && this.#keys.has(key)) return cents;
    if (key !== undefined) this.#keys.add(key);
    this.booked.push(cents);
    return cents;
  }

  get balance(): number {
    return this.booked.reduce((sum, cents) => sum + cents, 0);
  }
}

/** A server that sends each text once, if it has a key. */
export class Mail {
  readonly sent: string[] = [];
  readonly #keys = new Set<string>();

  send(text: string, key?: string): void {
    if (key !== undefined && this.#keys.has(key)) return;
    if (key !== undefined) this.#keys.add(key);
    this.sent.push(text);
  }
}
