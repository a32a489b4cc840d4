/**
 * Loaded into the engine and its hosts before their own code (`--import`): answers what they hold, at a socket in the soak's
 * folder. Before it looks it collects garbage, so what it counts is what is still in use.
 */
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What one process holds. Sizes in bytes. */
export interface Held {
  readonly pid: number;
  readonly script: string;
  /** V8's heap, and what it holds outside of it, after a collection. */
  readonly heap: number;
  /** What V8 has taken from the system for its heap, in use or not. */
  readonly reserved: number;
  readonly rss: number;
  /** By kind: timers, sockets, pipes. */
  readonly handles: Readonly<Record<string, number>>;
  /** Rows by table. Only of a process with a database. */
  readonly rows?: Readonly<Record<string, number>>;
}

const TABLES = ["items", "listing", "messages", "dedups", "timers", "blobs"];
const OPEN = "SELECT count(*) AS rows FROM listing WHERE shard > 'open.' AND shard < 'open/'";

const folder = process.env["PERDURE_SOAK"];
if (folder !== undefined) listen(join(folder, `${process.pid}.sock`));

function listen(path: string): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const database = firstDatabase();
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    // Twice: what the first one finalises is freed by the second.
    collect();
    collect();
    socket.end(JSON.stringify(held(database())));
  });
  server.on("error", () => undefined);
  server.listen(path, () => server.unref());
  process.on("exit", () => rmSync(path, { force: true }));
}

/** The database that this process uses. Nobody else can open the file: its lock is exclusive. */
function firstDatabase(): () => DatabaseSync | undefined {
  let found: DatabaseSync | undefined;
  const prepare = Reflect.get(DatabaseSync.prototype, "prepare");
  DatabaseSync.prototype.prepare = new Proxy(prepare, {
    apply: (target, self: DatabaseSync, args) => {
      // The one that prepares statements last is the one in use: others only look at the file before.
      found = self;
      return Reflect.apply(target, self, args) as StatementSync;
    },
  });
  return () => (found?.isOpen === true ? found : undefined);
}

function held(database: DatabaseSync | undefined): Held {
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  return {
    pid: process.pid,
    script: basename(process.argv[1] ?? ""),
    heap: heapUsed + external,
    reserved: heapTotal,
    rss,
    handles,
    ...(database && { rows: rowsOf(database) }),
  };
}

function rowsOf(database: DatabaseSync): Record<string, number> {
  const count = (sql: string): number => Number(database.prepare(sql).get()?.["rows"] ?? 0);
  const tables = TABLES.map((table) => [table, count(`SELECT count(*) AS rows FROM ${table}`)] as const);
  return { ...Object.fromEntries(tables), open: count(OPEN) };
}
