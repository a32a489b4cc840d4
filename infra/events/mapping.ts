/** The settings of a subscription's event source mapping, checked: AWS would refuse the others when the stack is deployed. */
import type { Duration } from "aws-cdk-lib";
import type { CfnEventSourceMappingProps } from "aws-cdk-lib/aws-lambda";
import { SQS_RECEIVE_MAX } from "../../lib/limits/aws.ts";
import { CONCURRENT_DOORS_MAX, FILTERS_MAX, WINDOW_SECONDS_MAX } from "../../lib/limits/events.ts";
import { within } from "../runtime-props.ts";
import type { RecordSource } from "./record-source.ts";

export interface MappingOptions {
  /** Patterns of the event source mapping. Records that none matches are gone. @default all records */
  readonly filters?: readonly Readonly<Record<string, unknown>>[];
  /** Records in a batch, at most. @default 10 of a queue, 100 of other sources */
  readonly batchSize?: number;
  /** How long a batch may wait to become full, in whole seconds. @default not at all */
  readonly window?: Duration;
  /** How many source doors take a queue's batches at the same time, 2 to 1000. @default as many as Lambda likes */
  readonly maxConcurrency?: number;
}

type Mapping = Pick<
  CfnEventSourceMappingProps,
  "batchSize" | "maximumBatchingWindowInSeconds" | "filterCriteria" | "scalingConfig"
>;

/** Throws `RangeError`. */
export function mappingOf(options: MappingOptions, source: RecordSource): Mapping {
  const { batchSize = source.batchSize, window } = options;
  assertBatch(batchSize, window?.toSeconds(), source);
  return {
    batchSize,
    ...(window === undefined ? {} : { maximumBatchingWindowInSeconds: window.toSeconds() }),
    ...concurrencyOf(options, source),
    ...filtersOf(options, source),
  };
}

function assertBatch(
  size: number,
  seconds: number | undefined,
  { isQueue, batchSizeMax }: RecordSource,
): void {
  within("batchSize", size, 1, batchSizeMax);
  if (seconds !== undefined) within("window, in seconds,", seconds, 0, WINDOW_SECONDS_MAX);
  if (!isQueue) return;
  if (batchSizeMax === SQS_RECEIVE_MAX && seconds !== undefined)
    throw new RangeError("window: a FIFO queue's messages do not wait for each other");
  if (size > SQS_RECEIVE_MAX && (seconds ?? 0) === 0)
    throw new RangeError(`batchSize: more than ${SQS_RECEIVE_MAX} messages of a queue need a window`);
}

function concurrencyOf({ maxConcurrency }: MappingOptions, { isQueue }: RecordSource): Mapping {
  if (maxConcurrency === undefined) return {};
  if (!isQueue) throw new RangeError("maxConcurrency: is of queues, and of what comes through one");
  within("maxConcurrency", maxConcurrency, 2, CONCURRENT_DOORS_MAX);
  return { scalingConfig: { maximumConcurrency: maxConcurrency } };
}

function filtersOf({ filters = [] }: MappingOptions, { takesFilters }: RecordSource): Mapping {
  if (filters.length === 0) return {};
  if (!takesFilters) throw new RangeError("filters: this source has its own: give them where you name it");
  if (filters.length > FILTERS_MAX) throw new RangeError(`filters: at most ${FILTERS_MAX} are possible`);
  return { filterCriteria: { filters: filters.map((each) => ({ pattern: JSON.stringify(each) })) } };
}
