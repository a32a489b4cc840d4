/** Keys that have an owner: the rows of `perdure_locks`, and what is said of them. */
import type { AnswerFields } from "../../../lib/answer-fields.ts";
import { present, timeOf } from "../../admin/fields.ts";
import { lookOf, type Status, type StatusLook } from "../../words/status.ts";

export interface HeldKey {
  readonly service: string;
  readonly key: string;
  readonly ownerId: string;
  readonly ownerHandler: string;
  readonly look: StatusLook;
  /** When the owner took the lock; absent if it was handed to it. */
  readonly takenMs?: number;
  readonly behind: number;
  /** Since when the first of them waits. */
  readonly oldestMs?: number;
}

export const HELD_KEYS_MAX = 500;

/** Longest queue first, then the oldest. `where`: a condition in SQL. */
export const heldKeysSql = (where = ""): string =>
  "SELECT service_name, service_key, owner_id, owner_target, owner_status, taken_at, " +
  "count(waiting_id) AS behind, min(waiting_since) AS oldest_at " +
  `FROM perdure_locks ${where} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY behind DESC, taken_at LIMIT ${HELD_KEYS_MAX}`;

export function heldKeyOf(row: AnswerFields): HeldKey {
  const target = row.optionalText("owner_target") ?? "";
  return {
    service: row.text("service_name"),
    key: row.optionalText("service_key") ?? "",
    ownerId: row.text("owner_id"),
    ownerHandler: target.slice(target.lastIndexOf("/") + 1),
    look: lookOf((row.optionalText("owner_status") ?? "running") as Status),
    ...present("takenMs", timeOf(row, "taken_at")),
    behind: row.optionalNumber("behind") ?? 0,
    ...present("oldestMs", timeOf(row, "oldest_at")),
  };
}

/** A key in the list: held, or with state, or both. */
export interface ListedKey {
  readonly service: string;
  readonly key: string;
  readonly held?: HeldKey;
  /** Of its state. Absent: not counted. */
  readonly size?: Size;
}
export interface Size {
  readonly names: number;
  readonly bytes: number;
}

export const keyId = ({ service, key }: { readonly service: string; readonly key: string }): string =>
  JSON.stringify([service, key]);

/** Held keys first, as they come; then those that have state and no owner. Each once. */
export function listedKeys(
  held: readonly HeldKey[],
  withState: readonly { readonly service: string; readonly key: string }[],
  sizes: ReadonlyMap<string, Size>,
): readonly ListedKey[] {
  const listed = new Map<string, ListedKey>();
  for (const of of held) listed.set(keyId(of), { service: of.service, key: of.key, held: of });
  for (const { service, key } of withState) {
    const id = keyId({ service, key });
    if (!listed.has(id)) listed.set(id, { service, key });
  }
  return [...listed].map(([id, each]) => ({ ...each, ...present("size", sizes.get(id)) }));
}
