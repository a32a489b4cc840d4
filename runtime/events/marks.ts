/**
 * High-water marks: how far each lane of an ordered source was accepted. One conditional write a batch and lane.
 *
 * A mark only grows. It is written after all that it stands for is in the mailbox or set aside, so what lies below it was accepted,
 * but for its gaps: what somebody has skipped, and what came before the first record of all. What lies above the mark, or in a gap, may
 * have been accepted, too: then the record's derived id keeps it from running twice (docs/decisions/0045-steering.md).
 */
import { OperationalError } from "../../lib/errors.ts";
import { GAPS_MAX, MARK_TRIES_MAX } from "../../lib/limits/events.ts";
import type { Attributes, Change, Condition } from "../../lib/model/item.ts";
import {
  markKey,
  marksOf,
  shownPosition,
  sortablePosition,
  type SourceName,
} from "../../lib/model/source-record.ts";
import type { ItemStore } from "../../lib/ports.ts";
import { textField } from "./event-fields.ts";
import { type Gaps, gapsIn, isInGap, showGaps, withGap, withoutRange } from "./gaps.ts";

const POSITION = "p";
const AT = "at";
const GAPS = "gaps";

export interface Mark {
  /** Sorts as the positions do. Absent: nothing was accepted. */
  readonly position?: string;
  readonly gaps: Gaps;
}

const markIn = (held: Attributes | undefined): Mark => {
  const position = held && textField(held, POSITION);
  return { ...(position === undefined ? {} : { position }), gaps: gapsIn(held && textField(held, GAPS)) };
};

export async function readMark(items: ItemStore, source: SourceName, lane: string): Promise<Mark> {
  return markIn(await items.get(markKey(source, lane)));
}

/** Whether the record at this position is yet to be accepted. */
export const isYetToCome = ({ position: mark, gaps }: Mark, position: string): boolean =>
  mark === undefined || sortablePosition(position) > mark || isInGap(gaps, BigInt(position));

export interface Accepted {
  /** The first position that was accepted. Absent: as the last. */
  readonly from?: string;
  /** The last one. All that the source has between them was accepted, now or before. */
  readonly position: string;
  readonly nowMs: number;
}

/** A mark that is there and higher stays: another door has gone further. `known`: as it was read; absent: the lane has no gaps. */
export async function raiseMark(
  items: ItemStore,
  source: SourceName,
  lane: string,
  { from, position, nowMs }: Accepted,
  known?: Mark,
): Promise<void> {
  const [first, last] = [BigInt(from ?? position), BigInt(position)];
  const value = sortablePosition(position);
  const gapsOf = (mark: Mark): Gaps => {
    // What came before the first record of all was not accepted by anybody.
    const before = mark.position === undefined ? withGap(mark.gaps, 0n, first - 1n) : mark.gaps;
    return withoutRange(before, first, last);
  };
  if (known && showGaps(gapsOf(known)) !== showGaps(known.gaps)) {
    await changeGaps(items, source, lane, known, (mark) => {
      const highest = mark.position !== undefined && mark.position > value ? mark.position : value;
      return { gaps: gapsOf(mark), position: highest, nowMs };
    });
    return;
  }
  await items.write({
    op: "update",
    key: markKey(source, lane),
    changes: [
      { do: "set", attribute: POSITION, value },
      { do: "set", attribute: AT, value: nowMs },
    ],
    when: {
      is: "any",
      of: [
        { is: "missing", attribute: POSITION },
        { is: "lt", attribute: POSITION, value },
      ],
    },
  });
}

interface Changed {
  readonly gaps: Gaps;
  readonly position?: string;
  readonly nowMs?: number;
}

/** Nobody's change of the gaps is lost: it is made on what was read, or anew on what is there. */
async function changeGaps(
  items: ItemStore,
  source: SourceName,
  lane: string,
  known: Mark,
  change: (mark: Mark) => Changed,
): Promise<void> {
  let mark = known;
  for (let tries = 0; tries < MARK_TRIES_MAX; tries++) {
    const { gaps, position, nowMs } = change(mark);
    const text = showGaps(gaps);
    const changes: Change[] = [
      text === "" ? { do: "remove", attribute: GAPS } : { do: "set", attribute: GAPS, value: text },
      ...(position === undefined ? [] : [{ do: "set", attribute: POSITION, value: position } as const]),
      ...(nowMs === undefined ? [] : [{ do: "set", attribute: AT, value: nowMs } as const]),
    ];
    const when: Condition = {
      is: "all",
      of: [isStill(POSITION, mark.position), isStill(GAPS, showGaps(mark.gaps))],
    };
    const { won, item } = await items.write({ op: "update", key: markKey(source, lane), changes, when });
    if (won) return;
    mark = markIn(item);
  }
  throw new OperationalError("unavailable", `the mark of ${lane} changes all the time`);
}

const isStill = (attribute: string, value: string | undefined): Condition =>
  value === undefined || value === "" ? { is: "missing", attribute } : { is: "eq", attribute, value };

/** Somebody skips what lies between the mark and `next`. Also where there is no mark yet: a door that stood still may make one below
 * `next`, and then the next one would say that all between them was accepted. */
export async function leaveOut(
  items: ItemStore,
  source: SourceName,
  lane: string,
  next: bigint,
): Promise<void> {
  const leave = ({ position, gaps }: Mark): Changed => ({
    gaps: withGap(gaps, position === undefined ? 0n : BigInt(position) + 1n, next - 1n),
  });
  const known = await readMark(items, source, lane);
  const { gaps } = leave(known);
  if (showGaps(gaps) === showGaps(known.gaps)) return;
  if (gaps.length > GAPS_MAX)
    throw new RangeError(`${lane} was skipped in ${GAPS_MAX} places, and more are not kept: replay it`);
  await changeGaps(items, source, lane, known, leave);
}

export interface LaneMark {
  readonly lane: string;
  /** The last one that was accepted. */
  readonly position: string;
  readonly gaps: Gaps;
  readonly atMs: number;
}

/** All lanes of a subscription. Their number is that of the source's partitions or shards. */
export async function marksIn(items: ItemStore, source: SourceName): Promise<readonly LaneMark[]> {
  const { pk, sk: prefix } = marksOf(source);
  const marks: LaneMark[] = [];
  let after: string | undefined;
  do {
    const page = await items.query("journal", pk, prefix, after === undefined ? {} : { after });
    for (const { sk, attributes } of page.items) {
      const { position, gaps } = markIn(attributes);
      // Skipped before anything of it was accepted.
      if (position === undefined) continue;
      marks.push({
        ...{ lane: sk.slice(prefix.length), position: shownPosition(position), gaps },
        atMs: Number(attributes[AT]),
      });
    }
    after = page.next;
  } while (after !== undefined);
  return marks;
}
