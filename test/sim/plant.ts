/** Plants a bug: changes the source of one module while it is loaded. So the product needs no hooks for it. */
import { registerHooks } from "node:module";
import type { Aim } from "./aim.ts";

export interface Patch {
  readonly name: string;
  /** From the repository's root. */
  readonly file: string;
  readonly changes: readonly Change[];
}
interface Change {
  readonly find: string;
  readonly replace: string;
  /** In this file instead. */
  readonly file?: string;
}

export interface Planted extends Patch {
  /** Must be caught within so many seeds. */
  readonly within: number;
  /** The runs in which it is searched for; by default all. */
  readonly aim?: Aim;
}

export const bug = (
  name: string,
  file: string,
  within: number,
  ...changes: (readonly [find: string, replace: string, file?: string])[]
): Planted => ({
  name,
  file,
  within,
  changes: changes.map(([find, replace, other]) => ({
    find,
    replace,
    ...(other === undefined ? {} : { file: other }),
  })),
});

const root = new URL("../../", import.meta.url);

/** The changes by their files. */
export const changesByFile = ({ file, changes }: Patch): ReadonlyMap<string, readonly Change[]> =>
  Map.groupBy(changes, (change) => change.file ?? file);

/** For this thread, from now on. Loading the module throws an `Error` if the text is not there exactly once. */
export function plant(patch: Patch): void {
  const wanted = new Map(
    [...changesByFile(patch)].map(([file, changes]) => [new URL(file, root).href, { file, changes }]),
  );
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      const planted = wanted.get(url);
      if (!planted) return loaded;
      let source = Buffer.from(loaded.source as Uint8Array).toString();
      for (const { find, replace } of planted.changes) {
        const found = source.split(find).length - 1;
        if (found !== 1)
          throw new Error(
            `the bug "${patch.name}" cannot be planted: ${planted.file} has ${found} times: ${find}`,
          );
        source = source.replace(find, () => replace);
      }
      return { ...loaded, source };
    },
  });
}
