/** A record of an event source, whichever it is: what its event says, read once. Nothing behind this knows the shapes of AWS. */

/** How a source is told which records to deliver again. `push`: it takes no list, so an error stands for all of them. */
export type FailureForm = "kafka" | "sqs" | "stream" | "push";

export interface SourceRecord {
  /** What names it in its source, constant over redeliveries. */
  readonly identity: readonly string[];
  /** What people find it by in its source. */
  readonly coordinates: string;
  /** What the source calls the delivered item: a message's id, a sequence number, an offset. Records of one item have the same. */
  readonly item: string;
  /** Records of a lane are accepted in their order, and after one that failed none is. Absent: they have no order. */
  readonly lane?: string;
  /** Its place in the lane, a decimal number. */
  readonly position?: string;
  /** The lane is delivered by one door at a time, from its position on: the mark of this name says how far it was accepted. It names the
   * lane among those of all sources that a subscription of that name may ever have. */
  readonly mark?: string;
  /** As the source has it. Absent: it has none. */
  readonly key?: string | Uint8Array;
  readonly input: Uint8Array;
  readonly contentType?: string;
  /** Its own, and those that say where it is from. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** When it was sent to the source, epoch milliseconds. */
  readonly sentAtMs?: number;
  /** It may have been delivered before. Absent: nobody knows. */
  readonly seenBefore?: boolean;
  /** Why it cannot be read. The input then is what could not be. */
  readonly unreadable?: string;
}

export interface SourceBatch {
  readonly form: FailureForm;
  readonly records: readonly SourceRecord[];
  /** What a source sends to test its target: no record. */
  readonly ignored: number;
}

/** The event is none of the subscription's source. Nothing of it is taken. */
export class EventShapeError extends Error {
  override readonly name = "EventShapeError";
}
