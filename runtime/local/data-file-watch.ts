/**
 * Looks whether the data file is still where it was opened. A process goes on writing to a file that was deleted or moved,
 * and everything that it acknowledges from then on is lost with it. So the server must stop, with words.
 *
 * The log beside the file is a part of the database as well.
 */
import { realpathSync, type Stats, statSync } from "node:fs";
import { DATA_FILE_LOOK_MS } from "../../lib/limits/local.ts";

export interface LostFile {
  readonly path: string;
  readonly how: "deleted" | "replaced";
}

interface Watched {
  readonly path: string;
  readonly found: Stats;
}

export class DataFileWatch {
  readonly #files: readonly Watched[];
  readonly #timer: NodeJS.Timeout;

  /** Of a database that is open: its files are those that are there now. `lost` is called once at most. */
  constructor(path: string, lost: (file: LostFile) => void, lookMs: number = DATA_FILE_LOOK_MS) {
    const file = realpathSync(path);
    this.#files = [file, `${file}-wal`].flatMap((name) => {
      const found = statOf(name);
      return found === undefined || found === "unknown" ? [] : [{ path: name, found }];
    });
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
    for (const { path, found } of this.#files) {
      const now = statOf(path);
      if (now === undefined) return { path, how: "deleted" };
      if (now !== "unknown" && (now.ino !== found.ino || now.dev !== found.dev))
        return { path, how: "replaced" };
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
