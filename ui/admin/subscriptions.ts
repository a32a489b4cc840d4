/** Subscriptions as the admin API answers them, and the records that were set aside: `GET /subscriptions`, `GET /events/rejected`. */
import type { AnswerFields } from "../../lib/answer-fields.ts";
import { askFields, isNotFound, path } from "./client.ts";
import { present, timeOf } from "./fields.ts";
import { useLive } from "./live.ts";

export type SubscriptionState = "starting" | "running" | "failing" | "paused";

export interface RecordCounts {
  readonly accepted: number;
  readonly repeated: number;
  readonly rejected: number;
  readonly failed: number;
  readonly lastMinute: number;
}

export interface SubscriptionError {
  readonly message: string;
  readonly atMs: number;
}

interface SubscriptionStatus {
  /** The server reads the source, or makes its ticks. */
  readonly isReadHere: boolean;
  /** Absent: somebody else reads the source. */
  readonly state?: SubscriptionState;
  readonly lag?: number;
  /** Absent: nobody counts here. */
  readonly counts?: RecordCounts;
  readonly lastError?: SubscriptionError;
  readonly nextTickMs?: number;
}

export interface SubscriptionInfo extends SubscriptionStatus {
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly sink: { readonly service: string; readonly handler: string };
  readonly options: Readonly<Record<string, string>>;
  readonly createdMs: number;
}

export interface Lane {
  readonly name: string;
  readonly position?: string;
  readonly end?: string;
  readonly lag?: number;
  readonly isFailing: boolean;
  readonly atMs?: number;
  readonly leftOut: readonly { readonly from: string; readonly to: string }[];
}

export interface SubscriptionCourse extends SubscriptionInfo {
  readonly generation: number;
  readonly lanes: readonly Lane[];
  readonly nextTicksMs: readonly number[];
  readonly lastTick?: { readonly atMs: number; readonly invocationId?: string };
  /** Where the first one is that is to be delivered again. */
  readonly failingRecord?: string;
}

export function subscriptionOf(fields: AnswerFields): SubscriptionInfo {
  const id = fields.text("id");
  const [, service = "", handler = ""] = /^service:\/\/([^/]+)\/(.+)$/u.exec(fields.text("sink")) ?? [];
  return {
    ...{ id, name: fields.optionalText("name") ?? id, source: fields.text("source") },
    ...{ sink: { service, handler }, options: fields.texts("options") },
    createdMs: timeOf(fields, "created_at") ?? 0,
    ...statusOf(fields.object("status")),
  };
}

/** Absent: of a server that says nothing of it. */
function statusOf(status: AnswerFields | undefined): SubscriptionStatus {
  if (status === undefined) return { isReadHere: false };
  const error = status.object("last_error");
  return {
    isReadHere: status.flag("read_here"),
    ...present("state", status.optionalText("state") as SubscriptionState | undefined),
    ...present("lag", status.optionalNumber("lag")),
    ...present("counts", countsOf(status.object("counts"))),
    ...present("lastError", error && { message: error.text("message"), atMs: timeOf(error, "at") ?? 0 }),
    ...present("nextTickMs", timeOf(status, "next_tick")),
  };
}

const countsOf = (fields: AnswerFields | undefined): RecordCounts | undefined =>
  fields && {
    ...{ accepted: fields.number("accepted"), repeated: fields.number("repeated") },
    ...{ rejected: fields.number("rejected"), failed: fields.number("failed") },
    lastMinute: fields.number("accepted_last_minute"),
  };

export function courseOf(fields: AnswerFields): SubscriptionCourse {
  const tick = fields.object("last_tick");
  const info = subscriptionOf(fields);
  return {
    ...info,
    generation: fields.optionalNumber("generation") ?? 0,
    lanes: lanesOf(fields),
    nextTicksMs: fields.list("next_ticks").map((time) => Date.parse(String(time))),
    ...present(
      "lastTick",
      tick && {
        atMs: timeOf(tick, "at") ?? 0,
        ...present("invocationId", tick.optionalText("invocation_id")),
      },
    ),
    ...present("failingRecord", fields.object("last_failure")?.optionalText("record")),
  };
}

/** Those that have a mark, and the partitions that the server reads: the same lane may be in both. */
function lanesOf(fields: AnswerFields): readonly Lane[] {
  const marked = fields.objects("lanes").map((lane) => ({
    name: lane.text("lane").replace(/^[^/]*\//u, ""),
    ...present("position", lane.optionalText("accepted_to")),
    ...present("atMs", timeOf(lane, "accepted_at")),
    isFailing: false,
    leftOut: lane.objects("left_out").map((gap) => ({ from: gap.text("from"), to: gap.text("to") })),
  }));
  const topic = fields.text("source").split("/").at(-1) ?? "";
  const read = fields.object("perdure")?.objects("partitions") ?? [];
  const partitions = read.map((each): Lane => {
    const name = `${topic}-${each.number("partition")}`;
    const known = marked.find((lane) => lane.name === name);
    return {
      ...{ name, leftOut: [], ...known },
      isFailing: each.flag("failing"),
      ...present("end", each.optionalText("end")),
      ...present("lag", each.optionalNumber("lag")),
    };
  });
  return [...partitions, ...marked.filter(({ name }) => partitions.every((each) => each.name !== name))];
}

/** The oldest first. */
export const useSubscriptions = () =>
  useLive("subscriptions", async (signal): Promise<readonly SubscriptionInfo[]> => {
    const answer = await askFields("/subscriptions?status=true", { signal });
    return answer.objects("subscriptions").map(subscriptionOf);
  });

/** `gone`: it was deleted, or was never made. */
export const useSubscription = (id: string) =>
  useLive(`subscription ${id}`, async (signal): Promise<SubscriptionCourse | "gone"> => {
    try {
      return courseOf(await askFields(path`/subscriptions/${id}`, { signal }));
    } catch (error) {
      if (isNotFound(error)) return "gone";
      throw error;
    }
  });

export interface RejectedRecord {
  readonly id: string;
  readonly subscription: string;
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
  readonly coordinates: string;
  readonly bytes: number;
  readonly key?: string;
  readonly text?: string;
  readonly base64?: string;
  /** It was too long to be kept whole. */
  readonly isCut: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** So many are shown. */
export const REJECTED_SHOWN = 100;

export const rejectedOf = (fields: AnswerFields): RejectedRecord => {
  const key = fields.object("key");
  return {
    ...{ id: fields.text("id"), subscription: fields.text("subscription") },
    ...{ reason: fields.text("reason"), message: fields.text("message") },
    ...{ atMs: timeOf(fields, "rejected_at") ?? 0, coordinates: fields.text("coordinates") },
    bytes: fields.number("bytes"),
    ...present("key", key?.optionalText("value") ?? key?.optionalText("value_base64")),
    ...present("text", fields.optionalText("value")),
    ...present("base64", fields.optionalText("value_base64")),
    isCut: fields.flag("cut"),
    headers: fields.texts("headers"),
  };
};

/** Those that wait for a decision; of one subscription, or of all. */
export const useRejected = (subscription?: string) =>
  useLive(`rejected ${subscription ?? ""}`, async (signal): Promise<readonly RejectedRecord[]> => {
    const query = new URLSearchParams({ status: "waiting", limit: String(REJECTED_SHOWN) });
    if (subscription !== undefined) query.set("subscription", subscription);
    const answer = await askFields(`/events/rejected?${query.toString()}`, { signal });
    return answer.objects("rejected").map(rejectedOf);
  });

/** Decides on all that wait, page by page. */
export async function decideAll(
  subscription: string,
  verb: "retry" | "drop",
  key?: string,
): Promise<{ readonly done: number; readonly failed: readonly string[] }> {
  let [done, after] = [0, undefined as string | undefined];
  const failed: string[] = [];
  do {
    const body = { ...present("key", key), ...present("after", after) };
    const answer = await askFields(path`/events/rejected/${subscription}/${verb}`, { method: "POST", body });
    done += answer.list("succeeded").length;
    failed.push(...answer.objects("failed").map((each) => each.text("message")));
    after = answer.optionalText("next");
  } while (after !== undefined);
  return { done, failed };
}
