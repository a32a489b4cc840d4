/**
 * Which records a source shall deliver again, in the form that it understands.
 *
 * - Kafka: an object for each partition, with the first offset. The event source mapping takes all from there on again.
 * - SQS: each message. Of a FIFO queue's group those behind the first failed one are among them, since none of them was begun.
 * - Streams: the lowest sequence number. All from there on comes again.
 * - Pushes: no list. An error stands for all of it.
 */
import type { FailureForm, SourceRecord } from "./source-record.ts";

export interface BatchItemFailure {
  readonly itemIdentifier: string | { readonly partition: string; readonly offset: number };
}

/** `failed`: in the order of the batch. */
export function failuresOf(form: FailureForm, failed: readonly SourceRecord[]): readonly BatchItemFailure[] {
  if (form === "push") return [];
  const named = form === "sqs" ? failed : firstOfLanes(failed);
  const failures = named.map(({ item, lane }): BatchItemFailure => ({
    itemIdentifier: form === "kafka" ? { partition: lane ?? "", offset: Number(item) } : item,
  }));
  // A message that carries several records is named once.
  return form === "sqs"
    ? [...new Map(failures.map((each) => [each.itemIdentifier, each])).values()]
    : failures;
}

const firstOfLanes = (failed: readonly SourceRecord[]): readonly SourceRecord[] =>
  [...Map.groupBy(failed, ({ lane }) => lane).values()].flatMap(([first]) => (first ? [first] : []));
