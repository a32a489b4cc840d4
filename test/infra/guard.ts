/**
 * Ports that refuse what a role may not do by the policies of a template, as IAM would. The guard records each request, so
 * that a test can find permissions that nothing uses.
 */
import type { ItemKey, Table } from "../../lib/model/item.ts";
import type { ItemStore, Listing, Mailbox, Timers } from "../../lib/ports.ts";

interface Permission {
  readonly action: string;
  readonly on: string;
  /** Patterns of partition keys. Absent: any key. */
  readonly leadingKeys?: readonly string[];
}

export class Guard {
  readonly used = new Set<string>();
  readonly refused: string[] = [];
  readonly #permissions = new Map<string, Permission[]>();

  /** `lines`: what `linesOf` returns. */
  constructor(lines: readonly string[]) {
    for (const line of lines) {
      const [role = "", action = "", on = "", condition = "null"] = line.split(" | ");
      const keys = (JSON.parse(condition) as Condition)?.["ForAllValues:StringLike"]?.[
        "dynamodb:LeadingKeys"
      ];
      const leadingKeys = keys === undefined ? {} : { leadingKeys: [keys].flat() };
      const permissions = this.#permissions.get(role) ?? [];
      this.#permissions.set(role, [...permissions, { action, on, ...leadingKeys }]);
    }
  }

  /** Throws `Error` if the role may not. `key`: the partition key that the request names, if it names one. */
  check(role: string, action: string, on: string, key?: string): void {
    const may = this.#permissions
      .get(role)
      ?.some((held) => held.action === action && held.on === on && allows(held.leadingKeys, key));
    if (may === true) this.used.add(`${role} | ${action} | ${on}`);
    else {
      this.refused.push(`${role} | ${action} | ${on} | ${key ?? ""}`);
      throw new Error(`${role} may not ${action} on ${on}${key === undefined ? "" : ` with the key ${key}`}`);
    }
  }

  items(role: string, items: ItemStore): ItemStore {
    const check = (action: string, { table, pk }: Pick<ItemKey, "table" | "pk">): void =>
      this.check(role, `dynamodb:${action}`, table, pk);
    const actions = { put: "PutItem", update: "UpdateItem", delete: "DeleteItem" } as const;
    return {
      get: async (key) => {
        check("GetItem", key);
        return await items.get(key);
      },
      write: async (write) => {
        check(actions[write.op], write.key);
        return await items.write(write);
      },
      query: async (table, pk, prefix, page) => {
        check("Query", { table, pk });
        return await items.query(table, pk, prefix, page);
      },
      scan: async (table: Table, sk, page) => {
        this.check(role, "dynamodb:Scan", table);
        return await items.scan(table, sk, page);
      },
    };
  }

  listing(role: string, listing: Listing): Listing {
    return {
      parts: listing.parts,
      heads: async (part, shard, range) => {
        this.check(role, "dynamodb:Query", `journal's index ${part}`, shard);
        return await listing.heads(part, shard, range);
      },
      keys: async (service, page) => {
        this.check(role, "dynamodb:Scan", "state");
        return await listing.keys(service, page);
      },
    };
  }

  mailbox(role: string, mailbox: Mailbox): Mailbox {
    return {
      sendBatch: async (messages) => {
        this.check(role, "sqs:SendMessage", "mailbox");
        return await mailbox.sendBatch(messages);
      },
    };
  }

  timers(role: string, timers: Timers): Timers {
    // A guard is near: it is only put into the delay queue, and never taken out of it.
    const isGuard = ({ message }: Parameters<Timers["schedule"]>[0]): boolean =>
      message.body.includes('"guard');
    return {
      // Near and far.
      schedule: async (timer) => {
        this.check(role, "sqs:SendMessage", "delay queue");
        if (!isGuard(timer)) this.check(role, "scheduler:CreateSchedule", "timer schedules");
        await timers.schedule(timer);
      },
      cancel: async (timer) => {
        if (!isGuard(timer)) this.check(role, "scheduler:DeleteSchedule", "timer schedules");
        await timers.cancel?.(timer);
      },
    };
  }
}

type Condition = {
  readonly "ForAllValues:StringLike"?: { readonly "dynamodb:LeadingKeys": string | readonly string[] };
} | null;

/** Patterns end in a star, in a question mark, or are the key. A request without a key fails a condition on the key (`Null`). */
function allows(patterns: readonly string[] | undefined, key: string | undefined): boolean {
  if (patterns === undefined) return true;
  if (key === undefined) return false;
  return patterns.some((pattern) => {
    const [beginning, last] = [pattern.slice(0, -1), pattern.at(-1)];
    if (last === "*") return key.startsWith(beginning);
    return last === "?" ? key.slice(0, -1) === beginning : key === pattern;
  });
}
