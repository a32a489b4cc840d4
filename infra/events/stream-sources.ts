/** Kinesis and DynamoDB streams. What a stream gives up, since it has become too old, is named in a queue. */
import { Duration } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { IStream } from "aws-cdk-lib/aws-kinesis";
import { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct, IConstruct } from "constructs";
import { PARALLEL_BATCHES_MAX, STREAM_BATCH_DEFAULT, STREAM_BATCH_MAX } from "../../lib/limits/events.ts";
import { sharedProps } from "../queues.ts";
import { within } from "../runtime-props.ts";
import { decrypting } from "./queue-source.ts";
import type { Attachment, AttachedSource, RecordSource } from "./record-source.ts";

export interface StreamSourceProps {
  /** Where a new subscription begins. @default "earliest" */
  readonly from?: "earliest" | "latest";
  /** Batches of one shard at the same time, of different keys: 1 to 10. @default 1 */
  readonly parallelBatches?: number;
}

const STREAM = { hasKeys: true, takesFilters: true, isQueue: false };
const BATCHES = { batchSize: STREAM_BATCH_DEFAULT, batchSizeMax: STREAM_BATCH_MAX };

/** Records of a stream, in the order of their partition keys: `kinesis://stream`. */
export const kinesis = (stream: IStream, props: StreamSourceProps = {}): RecordSource => ({
  ...{ ...STREAM, ...BATCHES },
  attach: (scope, to) =>
    ofStream(scope, to, props, {
      ...{ text: `kinesis://${stream.streamName}`, arn: stream.streamArn, key: stream.encryptionKey },
      actions: [
        ...["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords"],
        ...["kinesis:GetShardIterator", "kinesis:ListShards"],
      ],
    }),
});

/** All that is needed of a table: of either of the CDK's two. */
export interface StreamedTable extends IConstruct {
  readonly tableName: string;
  readonly tableStreamArn?: string | undefined;
  readonly encryptionKey?: IKey | undefined;
}

/** Changes of a table's items, in the order of each: `dynamodb://table`. The table needs a stream. */
export function dynamoDbStream(table: StreamedTable, props: StreamSourceProps = {}): RecordSource {
  const { tableStreamArn: arn } = table;
  if (arn === undefined) throw new RangeError(`${table.node.path} has no stream: set its \`stream\``);
  return {
    ...{ ...STREAM, ...BATCHES },
    attach: (scope, to) =>
      ofStream(scope, to, props, {
        ...{ text: `dynamodb://${table.tableName}`, arn, key: table.encryptionKey },
        actions: [
          ...["dynamodb:DescribeStream", "dynamodb:GetRecords"],
          ...["dynamodb:GetShardIterator", "dynamodb:ListStreams"],
        ],
      }),
  };
}

interface Stream {
  readonly text: string;
  readonly arn: string;
  readonly key: IKey | undefined;
  readonly actions: string[];
}

function ofStream(
  scope: Construct,
  { encryptionKey }: Attachment,
  { from = "earliest", parallelBatches = 1 }: StreamSourceProps,
  { text, arn, key, actions }: Stream,
): AttachedSource {
  within("parallelBatches", parallelBatches, 1, PARALLEL_BATCHES_MAX);
  const givenUp = new Queue(scope, "GivenUp", {
    ...sharedProps(encryptionKey),
    retentionPeriod: Duration.days(14),
  });
  return {
    text,
    access: [
      new PolicyStatement({ actions, resources: [arn] }),
      new PolicyStatement({ actions: ["sqs:SendMessage"], resources: [givenUp.queueArn] }),
      ...decrypting(key),
    ],
    mapping: {
      eventSourceArn: arn,
      startingPosition: from === "earliest" ? "TRIM_HORIZON" : "LATEST",
      functionResponseTypes: ["ReportBatchItemFailures"],
      destinationConfig: { onFailure: { destination: givenUp.queueArn } },
      ...(parallelBatches === 1 ? {} : { parallelizationFactor: parallelBatches }),
    },
  };
}
