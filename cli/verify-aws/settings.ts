/** What `perdure verify-aws` was asked for. */
import type { StepName } from "./check.ts";

export interface Settings {
  readonly stackPrefix: string;
  readonly only: readonly StepName[];
  readonly slow: boolean;
  readonly keep: boolean;
  /** Do not ask. */
  readonly yes: boolean;
  /** Absent: the shell's. */
  readonly region?: string;
  /** Absent: a name of region and date. */
  readonly report?: string;
  /** An emulator's. Absent: AWS. */
  readonly endpoint?: string;
}
