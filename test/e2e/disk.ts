/** A disk that loses, with the power, what was not synced. See fixtures/disk.ts, which runs in the engine. */
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import type { Server } from "./server.ts";

export class Disk {
  readonly #folder = mkdtempSync(join(tmpdir(), "perdure-e2e-disk-"));

  /** For the server's environment. */
  readonly env: Record<string, string> = {
    NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, "fixtures/disk.ts")).href}`,
    PERDURE_E2E_DISK: this.#folder,
  };

  /** Of the log, so far. */
  lostBytes = 0;

  /** How often the engine has synced its log. */
  get syncs(): number {
    const file = join(this.#folder, "syncs");
    return existsSync(file) ? statSync(file).size : 0;
  }

  /** Ends the server as a loss of power does, and starts it with what the disk held at that moment. The log is copied to the database
   * meanwhile, so that the next one begins with an empty log, and its length is where it ends. */
  async losePower(server: Server): Promise<void> {
    await server.kill9();
    const log = `${server.dataPath}-wal`;
    const kept = Number(readFileSync(join(this.#folder, "kept"), "utf8"));
    this.lostBytes += Math.max(0, statSync(log).size - kept);
    truncateSync(log, Math.min(kept, statSync(log).size));
    new DatabaseSync(server.dataPath).close();
    writeFileSync(join(this.#folder, "kept"), "0");
    await server.start();
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
