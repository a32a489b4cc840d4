/** One thing that a run of a test has come to. */
export interface OutcomeLine {
  /** Whose it is: `Order/o-1/place`, `state of Order/o-1: total`, `table stock, sku "cup":`. */
  readonly of: string;
  /** `completed with 5`, `= 5`, `{ left: 5, sku: "cup" }`. */
  readonly is: string;
}

export const lineText = ({ of, is }: OutcomeLine): string => `${of} ${is}`;
