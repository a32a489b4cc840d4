/**
 * High-water marks: how far each lane of an ordered source was accepted. One conditional write a batch and lane.
 *
 * A mark only grows. It is written after all that it stands for is in the mailbox or set aside, so what lies below it was accepted.
 * What lies above may have been, too: then the record's derived id keeps it from running twice.
 */
import {
  markKey,
  marksOf,
  shownPosition,
  sortablePosition,
  type SourceName,
} from "../../lib/model/source-record.ts";
import type { ItemStore } from "../../lib/ports.ts";
import { textField } from "./event-fields.ts";

const POSITION = "p";
const AT = "at";

/** Sorts as the positions do. `undefined`: nothing was accepted. */
export async function readMark(
  items: ItemStore,
  source: SourceName,
  lane: string,
): Promise<string | undefined> {
  const held = (await items.get(markKey(source, lane)))?.[POSITION];
  return typeof held === "string" ? held : undefined;
}

/** One that is there and higher stays: another door has gone further. */
export async function raiseMark(
  items: ItemStore,
  source: SourceName,
  lane: string,
  to: { readonly position: string; readonly nowMs: number },
): Promise<void> {
  const value = sortablePosition(to.position);
  await items.write({
    op: "put",
    key: markKey(source, lane),
    attributes: { [POSITION]: value, [AT]: to.nowMs },
    when: {
      is: "any",
      of: [
        { is: "missing", attribute: POSITION },
        { is: "lt", attribute: POSITION, value },
      ],
    },
  });
}

export interface LaneMark {
  readonly lane: string;
  /** The last one that was accepted. */
  readonly position: string;
  readonly atMs: number;
}

/** All lanes of a subscription. Their number is that of the source's partitions or shards. */
export async function marksIn(items: ItemStore, source: SourceName): Promise<readonly LaneMark[]> {
  const { pk, sk: prefix } = marksOf(source);
  const marks: LaneMark[] = [];
  let after: string | undefined;
  do {
    const page = await items.query("journal", pk, prefix, after === undefined ? {} : { after });
    for (const { sk, attributes } of page.items)
      marks.push({
        lane: sk.slice(prefix.length),
        position: shownPosition(textField(attributes, POSITION) ?? ""),
        atMs: Number(attributes[AT]),
      });
    after = page.next;
  } while (after !== undefined);
  return marks;
}
