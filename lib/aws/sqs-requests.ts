/** SQS's operations, by their names. They throw what AWS's client throws: errors with the service's names. */
import type {
  ChangeMessageVisibilityBatchCommandInput,
  ChangeMessageVisibilityBatchCommandOutput,
  DeleteMessageBatchCommandInput,
  DeleteMessageCommandInput,
  GetQueueAttributesCommandInput,
  GetQueueAttributesCommandOutput,
  ReceiveMessageCommandInput,
  ReceiveMessageCommandOutput,
  SendMessageBatchCommandInput,
  SendMessageBatchCommandOutput,
  SendMessageCommandInput,
} from "@aws-sdk/client-sqs";
import { type Operations, operationsOf } from "./json-service.ts";

export interface SqsRequests {
  readonly SendMessage: (input: SendMessageCommandInput) => Promise<unknown>;
  readonly SendMessageBatch: (
    input: SendMessageBatchCommandInput,
  ) => Promise<Pick<SendMessageBatchCommandOutput, "Failed">>;
  readonly ReceiveMessage: (
    input: ReceiveMessageCommandInput,
  ) => Promise<Pick<ReceiveMessageCommandOutput, "Messages">>;
  readonly ChangeMessageVisibilityBatch: (
    input: ChangeMessageVisibilityBatchCommandInput,
  ) => Promise<Pick<ChangeMessageVisibilityBatchCommandOutput, "Failed">>;
  readonly DeleteMessage: (input: DeleteMessageCommandInput) => Promise<unknown>;
  readonly DeleteMessageBatch: (input: DeleteMessageBatchCommandInput) => Promise<unknown>;
  readonly GetQueueAttributes: (
    input: GetQueueAttributesCommandInput,
  ) => Promise<Pick<GetQueueAttributesCommandOutput, "Attributes">>;
}

export function sqsRequests(sqs: Operations): SqsRequests {
  const ask = operationsOf<SqsRequests>(sqs);
  return {
    SendMessage: ask("SendMessage"),
    SendMessageBatch: ask("SendMessageBatch"),
    ReceiveMessage: ask("ReceiveMessage"),
    ChangeMessageVisibilityBatch: ask("ChangeMessageVisibilityBatch"),
    DeleteMessage: ask("DeleteMessage"),
    DeleteMessageBatch: ask("DeleteMessageBatch"),
    GetQueueAttributes: ask("GetQueueAttributes"),
  };
}
