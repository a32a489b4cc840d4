declare module "dynalite" {
  import type { Server } from "node:http";

  export default function dynalite(options?: {
    readonly createTableMs?: number;
    readonly deleteTableMs?: number;
    readonly updateTableMs?: number;
    readonly path?: string;
  }): Server;
}

declare module "dynalite/db/index.js" {
  const db: {
    /** The bytes of an item in the wire's spelling; `compress` estimates what a page holds of it. */
    itemSize(this: void, item: Record<string, object>, compress?: boolean, ...rest: unknown[]): number;
  };
  export default db;
}
