/** `perdure_rejected_events`: records that were set aside, of the subscriptions that there are. */
import { REJECTED_MAX } from "../../../lib/limits/events.ts";
import { textOfBytes } from "../../events/event-fields.ts";
import { type RejectedRecord, rejectedOf } from "../../events/rejected.ts";
import { allSubscriptions } from "../../events/subscription-store.ts";
import type { Subscription } from "../../events/subscription.ts";
import type { Row, TableRequest } from "../../query/query.ts";
import { viewTime } from "../value-view.ts";
import type { TableContext } from "./context.ts";

export async function rejectedRows(
  { exchange: { ports }, budget }: TableContext,
  { columns }: TableRequest,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const subscription of await allSubscriptions(ports.items)) {
    let after: string | undefined;
    do {
      const { end } = budget;
      if (end !== undefined) {
        budget.lacks(`records that were set aside: ${end}`);
        return rows;
      }
      const page = { limit: REJECTED_MAX, ...(after === undefined ? {} : { after }) };
      const { records, next } = await rejectedOf(ports, subscription.name, page);
      budget.count(records.length, "keys");
      rows.push(...records.map((record) => rowOf(subscription, record, columns.has("event"))));
      after = next;
    } while (after !== undefined);
  }
  return rows;
}

/** A value that is no text, or too long to lie beside its record, is not there: `GET /events/rejected/…` has it. */
function rowOf(
  { name, sourceText, sink }: Subscription,
  { id, reason, message, status, rejectedAtMs, record, bytes }: RejectedRecord,
  withEvent: boolean,
): Row {
  const isWhole = record.input.byteLength === bytes;
  return {
    ...{ id, subscription: name, source: sourceText, reason, message, status, bytes },
    ...{ service_name: sink.service, handler_name: sink.handler, record: record.coordinates },
    rejected_at: viewTime(rejectedAtMs),
    event: withEvent && isWhole ? textOfBytes(record.input) : undefined,
  };
}
