/** The first names of a result that stands in several entries, as a replay comes by them (lib/model/entry-parts.ts). */
import type { Entry } from "../model/entry.ts";
import { placeOfPart } from "../model/entry-parts.ts";

export class ListParts {
  #parts: { readonly command: number; readonly names: readonly string[] } | undefined;

  /** The first of an entry's parts begins anew: those before it are of a turn that died. */
  take(entry: Entry): void {
    if (entry.kind !== "stateKeys") return;
    const { command, index } = placeOfPart(entry.command);
    const before = index === 0 ? [] : this.before(command);
    this.#parts = { command, names: [...before, ...entry.names] };
  }

  /** The names in the parts of the command. */
  before(command: number): readonly string[] {
    return this.#parts?.command === command ? this.#parts.names : [];
  }
}
