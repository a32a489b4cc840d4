/** Hides and deletes messages of one SQS batch, by the receipts that came with them. */
import type { BatchResultErrorEntry } from "@aws-sdk/client-sqs";
import { isThrottlingCode, toOperational } from "../../lib/aws/fault.ts";
import type { SqsRequests } from "../../lib/aws/sqs-requests.ts";

/** Throws {@link OperationalError}. Other errors it throws as the client threw them. */
export class SqsReceipts {
  readonly #sqs: SqsRequests;
  readonly #queueUrl: string;
  readonly #handles: ReadonlyMap<string, string>;

  /** `handles`: the receipt handles by message id, at most ten. */
  constructor(sqs: SqsRequests, queueUrl: string, handles: ReadonlyMap<string, string>) {
    this.#sqs = sqs;
    this.#queueUrl = queueUrl;
    this.#handles = handles;
  }

  /** Answers the messages that this dispatcher no longer holds, by what SQS says. */
  async hide(
    messages: readonly { readonly messageId: string; readonly ms: number }[],
  ): Promise<readonly string[]> {
    const Entries = messages.map(({ messageId, ms }, index) => ({
      Id: String(index),
      ReceiptHandle: this.#handles.get(messageId) ?? "",
      VisibilityTimeout: Math.ceil(ms / 1000),
    }));
    const asked = this.#sqs.ChangeMessageVisibilityBatch({ QueueUrl: this.#queueUrl, Entries });
    const { Failed = [] } = await asked.catch((error: unknown) => {
      throw toOperational(error, "a change of visibility");
    });
    // If it failed on SQS's side, nothing is known about any message of the request.
    const [unknown] = Failed.filter((entry) => !isSenders(entry));
    if (unknown !== undefined) throw new Error(`SQS: ${unknown.Code} ${unknown.Message}`);
    return Failed.flatMap(({ Id }) => messages[Number(Id)]?.messageId ?? []);
  }

  /** If a message could not be deleted, Lambda deletes it when the batch is answered. */
  async delete(messageIds: readonly string[]): Promise<void> {
    const Entries = messageIds.map((messageId, index) => ({
      Id: String(index),
      ReceiptHandle: this.#handles.get(messageId) ?? "",
    }));
    await this.#sqs.DeleteMessageBatch({ QueueUrl: this.#queueUrl, Entries }).catch((error: unknown) => {
      throw toOperational(error, "a deletion");
    });
  }
}

const isSenders = ({ SenderFault, Code = "" }: BatchResultErrorEntry): boolean =>
  SenderFault === true && !isThrottlingCode(Code);
