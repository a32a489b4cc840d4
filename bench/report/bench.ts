/** What a benchmark is, and what it returns. */
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
  /** Prints progress on the terminal. */
  readonly progress: (line: string) => void;
}

export interface Result {
  readonly tables: readonly Table[];
  /** The data behind the tables, for the JSON file. */
  readonly data: unknown;
  readonly plots?: readonly Plot[];
}

export interface Plot {
  /** The file's name, without its ending. */
  readonly name: string;
  readonly svg: string;
}
