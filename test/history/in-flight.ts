/** What a data file holds, as the JSON beside it says. */
export interface InFlight {
  readonly madeAtMs: number;
  /** What it is in flight for → id. */
  readonly ids: Readonly<Record<string, string>>;
  readonly awakeable: string;
  /** The result of the one that has completed. */
  readonly kept: unknown;
}
