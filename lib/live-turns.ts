/** The turns that live, as far as a process knows. An invocation may have two for a moment: a zombie, and the one that took over. */
import type { InvocationId } from "./model/ids.ts";

export class LiveTurns {
  readonly #counts = new Map<InvocationId, number>();

  /** One of it lives from now on. Answers what ends it. */
  begins(id: InvocationId): () => void {
    this.#add(id, 1);
    return () => this.#add(id, -1);
  }

  /** Of how many invocations one lives. */
  get count(): number {
    return this.#counts.size;
  }

  has(id: InvocationId): boolean {
    return this.#counts.has(id);
  }

  #add(id: InvocationId, more: 1 | -1): void {
    const count = (this.#counts.get(id) ?? 0) + more;
    if (count > 0) this.#counts.set(id, count);
    else this.#counts.delete(id);
  }
}
