/** Tells when one of a set of files changes. It watches folders, because editors replace a file by a new one. */
import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { FILE_SETTLE_MS } from "../../lib/limits/local.ts";

/** They are not in a bundle, but decide how it is made. */
const ALWAYS: readonly string[] = ["package.json", "tsconfig.json"];

export class FileWatch {
  readonly #changed: () => void;
  readonly #folders = new Map<string, { names: Set<string>; readonly watcher: FSWatcher }>();
  #timer: NodeJS.Timeout | undefined;

  /** `changed` is called when files have changed and then been left alone for a moment. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Watches only these files from now on, by absolute path. Answers the folders that cannot be watched. */
  set(files: readonly string[]): readonly string[] {
    const wanted = new Map<string, Set<string>>();
    for (const file of files) {
      const folder = dirname(file);
      const names = wanted.get(folder) ?? new Set(ALWAYS);
      wanted.set(folder, names.add(basename(file)));
    }
    for (const [folder, { watcher }] of this.#folders) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
    return [...wanted].flatMap(([folder, names]) => (this.#watch(folder, names) ? [] : [folder]));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.set([]);
  }

  #watch(folder: string, names: Set<string>): boolean {
    const held = this.#folders.get(folder);
    if (held) {
      held.names = names;
      return true;
    }
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || this.#folders.get(folder)?.names.has(name) === true) this.#touch();
      });
      // A folder that is deleted takes its files with it. The next build says so.
      watcher.on("error", () => this.#touch());
      this.#folders.set(folder, { names, watcher });
      return true;
    } catch {
      return false;
    }
  }

  #touch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#changed, FILE_SETTLE_MS);
    this.#timer.unref();
  }
}
