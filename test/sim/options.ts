/** The command line of the simulator. */
import { FAULT_KINDS, type FaultKind } from "./faults.ts";

export interface Options {
  readonly mode: "seeds" | "replay" | "planted" | "crashes" | "ci" | "stores";
  readonly from: number;
  readonly seeds: number;
  readonly seed: number;
  readonly without: readonly FaultKind[];
  readonly noFaults: boolean;
  readonly noShrink: boolean;
  /** Of a planted bug's name. */
  readonly only: string | undefined;
  /** Of a planted bug's name: the runs in which it is searched for, without it. */
  readonly aim: string | undefined;
  /** Services move into a mailbox of their own, and out of it. */
  readonly moves: boolean;
  /** All runs have event sources. */
  readonly sources: boolean;
  /** All runs write to tables of the user's. */
  readonly transactions: boolean;
  /** What fires is a message at once, in all runs: the timers' function does not take part. */
  readonly directTimers: boolean;
  /** Guards wait in a table, which a pass looks through each minute. */
  readonly guardTable: boolean;
  /** The seeds that catch planted bugs are tried first; are written down. */
  readonly recorded: boolean;
  readonly record: boolean;
}

const SEEDS_BY_DEFAULT = 500;
/** Without it, the product's limits are made small (`small-limits.ts`). */
export const PRODUCT_LIMITS = "--product-limits";
const FLAGS = new Set([
  PRODUCT_LIMITS,
  "--seeds",
  "--from",
  "--seed",
  "--without",
  "--only",
  "--aim",
  "--moves",
  "--sources",
  "--transactions",
  "--direct-timers",
  "--guard-table",
  "--planted",
  "--recorded",
  "--record",
  "--crashes",
  "--ci",
  "--dynamodb-local",
  "--no-faults",
  "--no-shrink",
]);

export const USAGE = `npm run sim [-- options]
  --seeds N [--from K]   N seeds from K on (${SEEDS_BY_DEFAULT} from 1)
      [--aim X]            as one looks for the planted bug X, but without it
      [--moves]            services move into a mailbox of their own, and out of it, meanwhile
      [--transactions]     steps write to tables of the user's (ctx.transact)
      [--sources]          event sources deliver to the source door
      [--direct-timers]    the timers' function does not take part
      [--guard-table]      guards wait in a table
  --seed K               one seed: its trace, shrunk if it fails [--no-shrink: as it is]
  --planted [--only X]   every planted bug must be caught
      [--recorded]         at the seeds of caught.json first; --record: write them down
  --crashes              exhaustive crash points of small programs
  --ci                   bounded: seeds, kept seeds, planted bugs, crash points, determinism
  --dynamodb-local       the same writes on DynamoDB Local (where Java is), SQLite and in memory
  --no-faults            without faults; --without a,b: without some kinds`;

/** Throws `RangeError` for what it does not understand. */
export function parseOptions(args: readonly string[]): Options {
  for (const arg of args)
    if (arg.startsWith("--") && !FLAGS.has(arg)) throw new RangeError(`unknown option ${arg}`);
  const text = (name: string): string | undefined => {
    const at = args.indexOf(name);
    return at < 0 ? undefined : args[at + 1];
  };
  const number = (name: string, otherwise: number): number => {
    const value = Number(text(name) ?? otherwise);
    if (!Number.isSafeInteger(value)) throw new RangeError(`${name} needs a whole number`);
    return value;
  };
  const has = (name: string): boolean => args.includes(name);
  const without = (text("--without") ?? "").split(",").filter((kind) => kind !== "");
  for (const kind of without)
    if (!FAULT_KINDS.some((known) => known === kind)) throw new RangeError(`no fault is called ${kind}`);
  return {
    mode: has("--ci")
      ? "ci"
      : has("--dynamodb-local")
        ? "stores"
        : has("--planted")
          ? "planted"
          : has("--crashes")
            ? "crashes"
            : has("--seed")
              ? "replay"
              : "seeds",
    from: number("--from", 1),
    seeds: number("--seeds", SEEDS_BY_DEFAULT),
    seed: number("--seed", 1),
    without: without as FaultKind[],
    noFaults: has("--no-faults"),
    noShrink: has("--no-shrink"),
    only: text("--only"),
    aim: text("--aim"),
    moves: has("--moves"),
    sources: has("--sources"),
    transactions: has("--transactions"),
    directTimers: has("--direct-timers"),
    guardTable: has("--guard-table"),
    recorded: has("--recorded"),
    record: has("--record"),
  };
}
