/** What was last wrong with a subscription: so that a source that is stuck says why. It is not taken back: its time tells. */
import type { ItemStore } from "../../lib/ports.ts";
import { sourceStatusKey } from "../../lib/model/source-record.ts";
import { REJECTION_CHARS_MAX } from "../../lib/limits/events.ts";
import { textField } from "./event-fields.ts";

export interface SourceFailure {
  readonly message: string;
  /** Where the first one is in its source. */
  readonly record: string;
  /** How many are to be delivered again. */
  readonly records: number;
  readonly atMs: number;
}

/** Of no help if the store does not answer, which is perhaps the failure: it never throws. */
export async function noteFailure(
  items: Pick<ItemStore, "write">,
  subscription: string,
  { message, record, records, atMs }: SourceFailure,
): Promise<void> {
  const attributes = { message: message.slice(0, REJECTION_CHARS_MAX), record, records, at: atMs };
  await items.write({ op: "put", key: sourceStatusKey(subscription), attributes }).catch(() => undefined);
}

export async function lastFailure(
  items: Pick<ItemStore, "get">,
  subscription: string,
): Promise<SourceFailure | undefined> {
  const held = await items.get(sourceStatusKey(subscription));
  return (
    held && {
      message: textField(held, "message") ?? "",
      record: textField(held, "record") ?? "",
      records: Number(held["records"]),
      atMs: Number(held["at"]),
    }
  );
}
