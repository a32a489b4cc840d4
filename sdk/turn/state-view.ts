/**
 * What one turn knows of its key's state: what it has read and written. Each value is read from the store once. Later reads, and
 * reads of the turn's own writes, are answered here, on a replay as they were live.
 */
export class StateView {
  readonly #values = new Map<string, Uint8Array | null>();
  /** All names are known to this view: after `clearAll`. */
  #complete = false;

  /** The value, `null` if there is none, `undefined` if only the store knows. */
  get(name: string): Uint8Array | null | undefined {
    const held = this.#values.get(name);
    return held === undefined && this.#complete ? null : held;
  }

  /** What a read of the store found, unless a write has come between. */
  learned(name: string, value: Uint8Array | null): void {
    if (this.get(name) === undefined) this.#values.set(name, value);
  }

  set(name: string, value: Uint8Array | null): void {
    this.#values.set(name, value);
  }

  clearAll(): void {
    this.#values.clear();
    this.#complete = true;
  }

  /** As of now: the names that exist, given those that the store has. Own writes may not be there yet; later ones do
   * not count. */
  namesNow(): (stored: readonly string[]) => string[] {
    const values = new Map(this.#values);
    const complete = this.#complete;
    return (stored) => {
      const names = new Set(complete ? [] : stored);
      for (const [name, value] of values) {
        if (value === null) names.delete(name);
        else names.add(name);
      }
      return [...names].toSorted();
    };
  }
}
