/** A journal mismatch in its parts: what was recorded, and what the code does now. Its message has both (docs/errors/RT0016.md). */
export interface Mismatch {
  readonly operation: number;
  readonly of: number;
  /** `run "charge"` */
  readonly recorded: string;
  /** `sleep "wait"` */
  readonly now: string;
  /** In the user's code. */
  readonly where?: string;
}

const MESSAGE =
  /operation (?<operation>\d+) of (?<of>\d+) recorded: (?:the journal recorded|a failed attempt had begun) (?<recorded>[\s\S]+?), but the code now (?:does )?(?<now>[\s\S]+?)(?:, at (?<where>[^,]+))?\.(?:\s|$)/u;

/** `undefined`: the message says something else. */
export function mismatchIn(message: string): Mismatch | undefined {
  const { operation, of, recorded, now, where } = MESSAGE.exec(message)?.groups ?? {};
  if (operation === undefined || of === undefined || recorded === undefined || now === undefined)
    return undefined;
  return {
    operation: Number(operation),
    of: Number(of),
    recorded,
    now,
    ...(where !== undefined && { where }),
  };
}
