/** What a local engine is told at its start, and what it reports to people. */
import type { Cors } from "../../lib/cors.ts";
import type { Logger } from "../../lib/ports.ts";
import type { DatabaseOptions } from "../local/database.ts";
import type { UserTables } from "../../lib/model/user-write.ts";
import type { LostFile } from "../local/data-file-watch.ts";
import type { AdoptionEvent } from "./adoption.ts";
import type { Deployed } from "./deployer.ts";
import type { InvocationEvent } from "./events.ts";
import type { InvocationDetails } from "./invocation-details.ts";
import type { DefaultRetention } from "./local-registry.ts";
import type { ClusterProperties } from "./local-sources.ts";
import type { ReloadEvent } from "./reloader.ts";

/** What data survives: the end of any process, or also a power cut. */
export type Durability = NonNullable<DatabaseOptions["durability"]>;

export interface EngineOptions {
  /** The user's files, absolute. Without any, only what is registered with the admin API is served. */
  readonly files?: readonly string[];
  readonly dataPath: string;
  readonly durability: Durability;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly adminPort: number;
  readonly watch: boolean;
  /** Where a debugger attaches to the handlers' process. Absent: nowhere. */
  readonly inspectPort?: number;
  /** Pages of other origins. By default every one may call. */
  readonly cors?: Cors;
  /** Of services that say none. */
  readonly retention?: DefaultRetention;
  /** By name, with their properties: those that are there of these names become these. */
  readonly kafkaClusters?: ClusterProperties;
  /** Tables of the user's that `ctx.transact` writes to, by their names. */
  readonly tables?: UserTables;
  /** Every step is reported, too. */
  readonly tellsSteps?: boolean;
  readonly logger: Logger;
  readonly report: (event: EngineEvent) => void;
}

/** What a running engine reports to people. */
export type EngineEvent =
  | ReloadEvent
  /** What had failed goes on with new code, or stays on the old one. */
  | AdoptionEvent
  /** A line that a handler printed. `old`: its deployment gets no new invocations any more. */
  | {
      readonly kind: "output";
      readonly deployment: string;
      readonly old: boolean;
      readonly stream: "stdout" | "stderr";
      readonly line: string;
    }
  /** Something has happened to an invocation. */
  | {
      readonly kind: "invocation";
      readonly event: InvocationEvent;
      /** Reads what else there is to say. */
      readonly details: () => Promise<InvocationDetails>;
    }
  /** The data file was deleted, moved or replaced while it was served. Nothing is served any more. */
  | { readonly kind: "data-lost"; readonly file: LostFile }
  /** What an earlier run left continues: open invocations, and messages (some of which start invocations). */
  | { readonly kind: "resumed"; readonly invocations: number; readonly messages: number };

export interface Listening {
  readonly url: string;
  readonly adminUrl: string;
  /** Where a debugger attaches, if it can. */
  readonly debuggerUrl?: string;
  /** Absent without a file. */
  readonly deployed?: Deployed;
}
