/** What can be done with messages of one SQS batch by the receipts that came with them. */
import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { isThrottlingCode, toOperational } from "../../lib/aws/fault.ts";

/** Throws {@link OperationalError}, and what the client threw otherwise. */
export class SqsReceipts {
  readonly #client: SQSClient;
  readonly #queueUrl: string;
  readonly #handles: ReadonlyMap<string, string>;

  /** `handles`: by message id, at most ten. */
  constructor(client: SQSClient, queueUrl: string, handles: ReadonlyMap<string, string>) {
    this.#client = client;
    this.#queueUrl = queueUrl;
    this.#handles = handles;
  }

  /** Answers the messages that SQS says are no longer in our hands. */
  async hide(
    messages: readonly { readonly messageId: string; readonly ms: number }[],
  ): Promise<readonly string[]> {
    const Entries = messages.map(({ messageId, ms }, index) => ({
      Id: String(index),
      ReceiptHandle: this.#handles.get(messageId) ?? "",
      VisibilityTimeout: Math.ceil(ms / 1000),
    }));
    const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.#queueUrl, Entries });
    const { Failed = [] } = await this.#client.send(command).catch((error: unknown) => {
      throw toOperational(error, "a change of visibility");
    });
    // What failed on SQS's side is unknown, and so is all of the request.
    const [unknown] = Failed.filter((entry) => !isSenders(entry));
    if (unknown !== undefined) throw new Error(`SQS: ${unknown.Code} ${unknown.Message}`);
    return Failed.flatMap(({ Id }) => messages[Number(Id)]?.messageId ?? []);
  }

  /** What could not be deleted is deleted by Lambda when the batch is answered. */
  async delete(messageIds: readonly string[]): Promise<void> {
    const Entries = messageIds.map((messageId, index) => ({
      Id: String(index),
      ReceiptHandle: this.#handles.get(messageId) ?? "",
    }));
    const command = new DeleteMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries });
    await this.#client.send(command).catch((error: unknown) => {
      throw toOperational(error, "a deletion");
    });
  }
}

const isSenders = ({ SenderFault, Code = "" }: BatchResultErrorEntry): boolean =>
  SenderFault === true && !isThrottlingCode(Code);
