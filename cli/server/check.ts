/** One line of `perdure doctor`. */
export interface Check {
  readonly name: string;
  readonly verdict: "ok" | "warn" | "fail";
  readonly text: string;
  /** What to do. Absent: nothing. */
  readonly fix?: string;
}
