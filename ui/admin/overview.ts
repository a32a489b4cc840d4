/** What is the matter, and how much there is: `GET /overview`. */
import type { AnswerFields } from "../../lib/answer-fields.ts";
import type { Status } from "../words/status.ts";
import type { Target } from "./invocation.ts";
import { present, timeOf } from "./fields.ts";

export type Counts = Readonly<Partial<Record<Status, number>>>;

/** Invocations of one handler that need somebody, for one reason. */
export interface Attention {
  readonly status: Status;
  readonly target: Target;
  readonly count: number;
  readonly oldestId: string;
  readonly sinceMs: number;
  readonly error?: string;
  readonly errorCode?: string;
  /** The soonest next attempt. */
  readonly nextMs?: number;
  /** Of what runs for long: how long its like take. */
  readonly usualMs?: number;
}
export interface HandlerFigures {
  readonly service: string;
  readonly handler: string;
  readonly inFlight: number;
  readonly byStatus: Counts;
  /** In the last hour, and so are those below. `undefined`: not known here. */
  readonly ended?: number;
  readonly failed?: number;
  readonly p50Ms?: number;
  readonly p95Ms?: number;
  readonly attempts?: number;
}
export interface Minute {
  readonly atMs: number;
  readonly succeeded: number;
  readonly failed: number;
}
export interface OverviewAnswer {
  /** `undefined`: not known here, as all that may be. */
  readonly counts?: Counts;
  /** Else the counts are at least these. */
  readonly isComplete: boolean;
  readonly handlers?: readonly HandlerFigures[];
  /** One for each of the last 60, the oldest first. */
  readonly minutes?: readonly Minute[];
  readonly attention?: readonly Attention[];
}

export function overviewOf(answer: AnswerFields): OverviewAnswer {
  const listOf = <T>(name: string, read: (fields: AnswerFields) => T): readonly T[] | undefined =>
    (answer.raw[name] ?? undefined) === undefined ? undefined : answer.objects(name).map(read);
  const counts = answer.object("counts");
  return {
    ...present("counts", counts && countsIn(counts.raw)),
    isComplete: answer.flag("complete"),
    ...present("handlers", listOf("handlers", handlerOf)),
    ...present("minutes", listOf("minutes", minuteOf)),
    ...present("attention", listOf("attention", attentionOf)),
  };
}

const countsIn = (raw: Readonly<Record<string, unknown>>): Counts =>
  Object.fromEntries(Object.entries(raw).filter(([, count]) => typeof count === "number"));

const handlerOf = (fields: AnswerFields): HandlerFigures => ({
  service: fields.text("service"),
  handler: fields.text("handler"),
  inFlight: fields.optionalNumber("in_flight") ?? 0,
  byStatus: countsIn(fields.object("by_status")?.raw ?? {}),
  ...present("ended", fields.optionalNumber("ended")),
  ...present("failed", fields.optionalNumber("failed")),
  ...present("p50Ms", fields.optionalNumber("p50_ms")),
  ...present("p95Ms", fields.optionalNumber("p95_ms")),
  ...present("attempts", fields.optionalNumber("attempts")),
});

const minuteOf = (fields: AnswerFields): Minute => ({
  atMs: timeOf(fields, "at") ?? 0,
  succeeded: fields.optionalNumber("succeeded") ?? 0,
  failed: fields.optionalNumber("failed") ?? 0,
});

function attentionOf(fields: AnswerFields): Attention {
  const key = fields.optionalText("key");
  const target = { service: fields.text("service"), handler: fields.text("handler") };
  return {
    status: fields.text("status") as Status,
    target: key === undefined ? target : { ...target, key },
    count: fields.number("count"),
    oldestId: fields.text("oldest_id"),
    sinceMs: timeOf(fields, "oldest_since") ?? 0,
    ...present("error", fields.optionalText("error")),
    ...present("errorCode", fields.optionalText("error_code")),
    ...present("nextMs", timeOf(fields, "next_at")),
    ...present("usualMs", fields.optionalNumber("usual_ms")),
  };
}
