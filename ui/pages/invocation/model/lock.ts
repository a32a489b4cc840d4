/** Who has an object's key, and who waits for it: `GET /services/{service}/locks/{key}`. */
import type { AnswerFields } from "../../../../lib/answer-fields.ts";
import { present, timeOf } from "../../../admin/fields.ts";

export interface KeyLock {
  readonly ownerId?: string;
  readonly takenMs?: number;
  /** In their order, the first ones. */
  readonly waiting: readonly string[];
  readonly waitingCount: number;
}

export function lockOf(fields: AnswerFields): KeyLock {
  const owner = fields.object("owner");
  return {
    ...present("ownerId", owner?.optionalText("invocation_id")),
    ...present("takenMs", owner && timeOf(owner, "taken_at")),
    waiting: fields.list("waiting").map(String),
    waitingCount: fields.optionalNumber("waiting_count") ?? 0,
  };
}

/** Its place in the queue, from 1 on. */
export function placeIn({ waiting }: KeyLock, id: string): number | undefined {
  const index = waiting.indexOf(id);
  return index === -1 ? undefined : index + 1;
}

/** 1st, 2nd, 3rd, 4th, 11th. */
export function ordinal(count: number): string {
  const [ten, one] = [count % 100, count % 10];
  const isTeen = ten > 10 && ten < 14;
  const ending = isTeen ? "th" : one === 1 ? "st" : one === 2 ? "nd" : one === 3 ? "rd" : "th";
  return `${count}${ending}`;
}
