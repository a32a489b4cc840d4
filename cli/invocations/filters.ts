/** The options that choose invocations, and the admin API's query that they stand for. */
import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { isGlob } from "../../lib/glob.ts";
import { UsageError } from "../exit.ts";
import { didYouMean } from "../suggest.ts";
import { durationIn, momentIn } from "../time.ts";
import { OPEN, STATUSES } from "./invocation.ts";

export interface FilterOptions {
  readonly service?: string;
  readonly handler?: string;
  readonly key?: string;
  readonly status?: readonly string[];
  readonly allStatuses?: boolean;
  readonly result?: string;
  readonly error?: string;
  readonly deployment?: string;
  /** The same, where `--deployment` says something else. */
  readonly pinnedTo?: string;
  readonly since?: string;
  readonly until?: string;
  readonly olderThan?: string;
  readonly caller?: string;
  readonly idempotencyKey?: string;
  readonly scan?: boolean;
}

/** Of `GET /invocations`. */
export type ListQuery = Readonly<Record<string, string | boolean | undefined>>;

/** `pinned`: how the option is called that asks for a deployment. */
export function addFilters(
  command: CommandUnknownOpts,
  pinned: "--deployment" | "--pinned-to" = "--deployment",
): void {
  const ways: readonly (readonly [flags: string, description: string])[] = [
    ["--service <name>", "of this service"],
    ["--handler <name>", "of this handler"],
    ["--key <key>", "of this key of an object or workflow; * and ? stand for others"],
    ["--status <status...>", `in this status: ${STATUSES.join(", ")}, succeeded, failed`],
    ["--result <result>", "completed so: success or failure"],
    ["--error <text>", "whose failure, or last attempt's, has this text"],
    [`${pinned} <id>`, "pinned to this deployment"],
    ["--since <time>", "accepted since then: 2h ago, or 2026-11-29T10:00:00Z"],
    ["--until <time>", "accepted until then"],
    ["--older-than <duration>", "accepted longer ago than that, such as 2h"],
    ["--caller <id>", "called by this invocation"],
    ["--idempotency-key <key>", "with this idempotency key"],
    [
      "--scan",
      "look at every invocation kept, not at the index: slower, and in AWS it costs what the table holds",
    ],
  ];
  for (const [flags, description] of ways) command.addOption(new Option(flags, description));
}

/** Whether any option chooses. */
export const hasFilter = (options: FilterOptions): boolean =>
  FILTERING.some((name) => options[name] !== undefined);

const FILTERING = [
  ...(["service", "handler", "key", "status", "result", "error", "deployment", "pinnedTo", "since"] as const),
  ...(["until", "olderThan", "caller", "idempotencyKey"] as const),
];

/** `statuses`: if no option says which. Throws {@link UsageError}. */
export function queryOf(options: FilterOptions, statuses: readonly string[] = OPEN): ListQuery {
  const { service, handler, key, error, since, until, olderThan, caller, scan } = options;
  const deployment = options.pinnedTo ?? options.deployment;
  if (until !== undefined && olderThan !== undefined)
    throw new UsageError("--until and --older-than exclude each other");
  const beforeMs = olderThan === undefined ? undefined : Date.now() - durationIn("--older-than", olderThan);
  const untilMs = until === undefined ? beforeMs : momentIn("--until", until);
  return {
    ...{ service, handler, error, deployment },
    ...(key !== undefined && isGlob(key) ? { key_glob: key } : { key }),
    ...statusesOf(options, statuses),
    ...(since === undefined ? {} : { created_after: new Date(momentIn("--since", since)).toISOString() }),
    ...(untilMs === undefined ? {} : { created_before: new Date(untilMs).toISOString() }),
    ...(caller === undefined ? {} : { invoked_by_id: caller }),
    ...(options.idempotencyKey === undefined ? {} : { idempotency_key: options.idempotencyKey }),
    ...(scan === true ? { scan } : {}),
  };
}

/** `succeeded` and `failed` are what lists call the two ways to be completed. */
const ENDS = new Map([
  ["succeeded", "success"],
  ["failed", "failure"],
]);

function statusesOf(
  { status = [], allStatuses, result }: FilterOptions,
  preset: readonly string[],
): ListQuery {
  if (result !== undefined && result !== "success" && result !== "failure")
    throw new UsageError(`--result takes success or failure, not "${result}"`);
  const asked = status.flatMap((text) => text.split(",")).map((text) => text.trim().toLowerCase());
  for (const each of asked) {
    const known = [...STATUSES, ...ENDS.keys()];
    if (!known.includes(each))
      throw new UsageError(
        `there is no status "${each}".${didYouMean(each, known)} They are: ${known.join(", ")}.`,
      );
  }
  const ends = asked.flatMap((each) => ENDS.get(each) ?? []);
  const wanted = asked.map((each) => (ENDS.has(each) ? "completed" : each));
  const [end, ...others] = new Set([...ends, ...(result === undefined ? [] : [result])]);
  if (end !== undefined && (others.length > 0 || wanted.some((each) => each !== "completed")))
    throw new UsageError("succeeded and failed cannot be asked for together with another status");
  if (end !== undefined) return { status: "completed", result: end };
  if (wanted.length > 0) return { status: wanted.join(",") };
  return allStatuses === true ? {} : { status: preset.join(",") };
}
