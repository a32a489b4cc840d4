/**
 * ONCE: where nothing fails, a step runs once. With faults it may run again, and then nobody can say how often is too often; so this
 * is checked in runs without faults only.
 *
 * What has failed: a step that throws, an attempt, and a turn that an operator's pause has refused an append.
 */
export class Once {
  /** The run has no faults. */
  isOn = false;
  readonly #runs = new Map<string, number>();
  readonly #excuses = new Map<string, number>();

  /** One more run of each of the invocation's steps is due to what the program or an operator does. */
  excuse(id: string): void {
    this.#excuses.set(id, (this.#excuses.get(id) ?? 0) + 1);
  }

  /** A step begins. */
  isTooOften(id: string, step: string): boolean {
    if (!this.isOn) return false;
    const name = `${id} ${step}`;
    const runs = (this.#runs.get(name) ?? 0) + 1;
    this.#runs.set(name, runs);
    return runs > 1 + (this.#excuses.get(id) ?? 0);
  }
}
