/** The mailbox over AWS's own SQS client. */
import { type SQSClient, SendMessageBatchCommand } from "@aws-sdk/client-sqs";
import { QueueMailbox } from "../../lib/aws/queue-mailbox.ts";

export class SqsMailbox extends QueueMailbox {
  constructor(client: SQSClient, queueUrl: string) {
    super((input) => client.send(new SendMessageBatchCommand(input)), queueUrl);
  }
}
