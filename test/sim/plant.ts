/** Plants a bug: changes the source of one module while it is loaded. So the product needs no hooks for it. */
import { registerHooks } from "node:module";

export interface Patch {
  readonly name: string;
  /** From the repository's root. */
  readonly file: string;
  readonly changes: readonly { readonly find: string; readonly replace: string }[];
}

export interface Planted extends Patch {
  /** Must be caught within so many seeds. */
  readonly within: number;
}

export const bug = (
  name: string,
  file: string,
  within: number,
  ...changes: (readonly [find: string, replace: string])[]
): Planted => ({
  name,
  file,
  within,
  changes: changes.map(([find, replace]) => ({ find, replace })),
});

const root = new URL("../../", import.meta.url);

/** For this thread, from now on. Loading the module throws an `Error` if the text is not there exactly once. */
export function plant({ name, file, changes }: Patch): void {
  const wanted = new URL(file, root).href;
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (url !== wanted) return loaded;
      let source = Buffer.from(loaded.source as Uint8Array).toString();
      for (const { find, replace } of changes) {
        const found = source.split(find).length - 1;
        if (found !== 1)
          throw new Error(`the bug "${name}" cannot be planted: ${file} has ${found} times: ${find}`);
        source = source.replace(find, () => replace);
      }
      return { ...loaded, source };
    },
  });
}
