/** What a subscription needs to know of the source of its records, whichever it is. */
import type { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { CfnEventSourceMappingProps } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";

export interface RecordSource {
  /** Whether its records have a key of their own, which an object or a workflow takes. */
  readonly hasKeys: boolean;
  /** Whether a filter of the event source mapping sees what its records say. */
  readonly takesFilters: boolean;
  /** Whether it is a queue, or comes through one. */
  readonly isQueue: boolean;
  /** Of a batch, unless the subscription says so. */
  readonly batchSize: number;
  readonly batchSizeMax: number;
  /** Makes what is between the source and the source door, within `scope`. */
  attach(scope: Construct, to: Attachment): AttachedSource;
}

export interface Attachment {
  readonly subscription: string;
  readonly encryptionKey: IKey | undefined;
}

export interface AttachedSource {
  /** As the source door knows it: `sqs://queue`. */
  readonly text: string;
  /** What the source door's role may do with it. */
  readonly access: readonly PolicyStatement[];
  readonly mapping: Omit<CfnEventSourceMappingProps, "functionName" | "batchSize">;
  /** It takes no list of failures: an error stands for all of an event. */
  readonly failsWhole?: boolean;
}
