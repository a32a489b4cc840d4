/**
 * Looks whether the data file is still where it was opened. A process goes on writing to a file that was deleted or moved,
 * and everything that it acknowledges from then on is lost with it. So the server must stop, with words.
 *
 * The log beside the file is a part of the database as well.
 *
 * A copy over the file leaves it where it is. It is noticed if it is smaller, as an older copy is: a database never shrinks here.
 */
import { realpathSync, type Stats, statSync } from "node:fs";
import { DATA_FILE_LOOK_MS } from "../../lib/limits/local.ts";

export interface LostFile {
  readonly path: string;
  readonly how: "deleted" | "replaced" | "cut short";
}

interface Watched {
  readonly path: string;
  readonly found: Stats;
}

export class DataFileWatch {
  readonly #files: readonly Watched[];
  #bytes: number;
  readonly #timer: NodeJS.Timeout;

  /** Of a database that is open: its files are those that are there now. `lost` is called once at most. */
  constructor(path: string, lost: (file: LostFile) => void, lookMs: number = DATA_FILE_LOOK_MS) {
    const file = realpathSync(path);
    this.#files = [file, `${file}-wal`].flatMap((name) => {
      const found = statOf(name);
      return found === undefined || found === "unknown" ? [] : [{ path: name, found }];
    });
    this.#bytes = statSync(file).size;
    this.#timer = setInterval(() => {
      const gone = this.#look();
      if (gone === undefined) return;
      this.stop();
      lost(gone);
    }, lookMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): LostFile | undefined {
    for (const [index, { path, found }] of this.#files.entries()) {
      const now = statOf(path);
      if (now === undefined) return { path, how: "deleted" };
      if (now === "unknown") continue;
      if (now.ino !== found.ino || now.dev !== found.dev) return { path, how: "replaced" };
      // The log may be cut: what it held is in the database then.
      if (index > 0) continue;
      if (now.size < this.#bytes) return { path, how: "cut short" };
      this.#bytes = now.size;
    }
    return undefined;
  }
}

/** `undefined`: nothing has that name. */
function statOf(path: string): Stats | "unknown" | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // A disk that does not answer for a moment is no reason to stop.
    return "unknown";
  }
}
