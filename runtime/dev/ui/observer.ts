/** What the UI is told of a local server besides its admin API: that something was written, what is open, and who did what. */
import type { Clock, Logger } from "../../../lib/ports.ts";
import type { Attributes } from "../../../lib/model/item.ts";
import { isHead } from "../../../lib/model/listing.ts";
import type { AuditAction } from "../../admin/audit/action.ts";
import { Tally } from "../../admin/overview/tally.ts";
import { LocalAuditLog } from "../../local/audit-log.ts";
import type { LocalDatabase } from "../../local/database.ts";
import type { LocalItemStore } from "../../local/item-store.ts";
import { Changes } from "./changes.ts";
import { primeTally } from "./primed-tally.ts";

export class Observer {
  readonly changes = new Changes();
  readonly tally = new Tally();
  readonly audit: LocalAuditLog<AuditAction>;
  /** Is told of the writes of heads as well. */
  headWritten: (partition: string, before: Attributes | undefined, after: Attributes | undefined) => void =
    () => undefined;
  readonly #items: LocalItemStore;
  #stopped = false;

  constructor(database: LocalDatabase, items: LocalItemStore) {
    this.#items = items;
    this.audit = new LocalAuditLog(database);
    items.onWritten((key, before, after) => {
      this.changes.note(key.table);
      if (!isHead(key)) return;
      this.tally.headWritten(key.pk, before, after);
      this.headWritten(key.pk, before, after);
    });
  }

  /** What is there already is counted in the background. */
  start(ports: { readonly clock: Clock; readonly logger: Logger }): void {
    void primeTally(this.tally, { items: this.#items, ...ports }, () => this.#stopped);
  }

  /** Call it before the database is closed. */
  stop(): void {
    this.#stopped = true;
    this.changes.stop();
  }
}
