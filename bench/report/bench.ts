/** What a benchmark is, and what it answers. */
import type { Table } from "./table.ts";

export interface Bench {
  /** As in `npm run bench -- <name>`. */
  readonly name: string;
  readonly question: string;
  /** Whether it needs the peers' packages. */
  readonly needsPeers: boolean;
  readonly run: (context: BenchContext) => Promise<Result>;
}

export interface BenchContext {
  /** Says on the terminal what is being done. */
  readonly progress: (line: string) => void;
}

export interface Result {
  readonly tables: readonly Table[];
  /** What the tables were made from, for the JSON. */
  readonly data: unknown;
  readonly plots?: readonly Plot[];
}

export interface Plot {
  /** The file's name, without its ending. */
  readonly name: string;
  readonly svg: string;
}
