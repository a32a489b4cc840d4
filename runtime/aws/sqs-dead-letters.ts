/** Looks at the messages of a dead-letter queue, and leaves them there unless they are removed. */
import { DeleteMessageCommand, ReceiveMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { toOperational } from "../../lib/aws/fault.ts";
import { DEAD_LETTER_HIDDEN_SECONDS } from "../../lib/limits/aws.ts";

interface SqsDeadLetter {
  readonly body: string;
  readonly sinceMs: number;
  readonly remove: () => Promise<void>;
}

/** Throws {@link OperationalError}. */
export class SqsDeadLetters {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  async next(): Promise<readonly SqsDeadLetter[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#queueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: DEAD_LETTER_HIDDEN_SECONDS,
      WaitTimeSeconds: 0,
      MessageSystemAttributeNames: ["SentTimestamp"],
    });
    const { Messages = [] } = await this.#client.send(command).catch((error: unknown) => {
      throw toOperational(error, "a look at the dead letters");
    });
    return Messages.map(({ Body = "", Attributes, ReceiptHandle }) => ({
      body: Body,
      sinceMs: Number(Attributes?.SentTimestamp ?? 0),
      remove: async () => await this.#remove(ReceiptHandle),
    }));
  }

  async #remove(ReceiptHandle: string | undefined): Promise<void> {
    const command = new DeleteMessageCommand({ QueueUrl: this.#queueUrl, ReceiptHandle });
    await this.#client.send(command).catch((error: unknown) => {
      throw toOperational(error, "a removal of a dead letter");
    });
  }
}
