/** Looks at the messages of a dead-letter queue, and leaves them there unless they are removed. */
import { toOperational } from "../../lib/aws/fault.ts";
import type { SqsRequests } from "../../lib/aws/sqs-requests.ts";
import { DEAD_LETTER_HIDDEN_SECONDS } from "../../lib/limits/aws.ts";

interface SqsDeadLetter {
  readonly body: string;
  readonly sinceMs: number;
  readonly remove: () => Promise<void>;
}

/** Throws {@link OperationalError}. */
export class SqsDeadLetters {
  readonly #sqs: SqsRequests;
  readonly #queueUrl: string;

  constructor(sqs: SqsRequests, queueUrl: string) {
    this.#sqs = sqs;
    this.#queueUrl = queueUrl;
  }

  async next(): Promise<readonly SqsDeadLetter[]> {
    const asked = this.#sqs.ReceiveMessage({
      QueueUrl: this.#queueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: DEAD_LETTER_HIDDEN_SECONDS,
      WaitTimeSeconds: 0,
      MessageSystemAttributeNames: ["SentTimestamp"],
    });
    const { Messages = [] } = await asked.catch((error: unknown) => {
      throw toOperational(error, "a look at the dead letters");
    });
    return Messages.map(({ Body = "", Attributes, ReceiptHandle }) => ({
      body: Body,
      sinceMs: Number(Attributes?.SentTimestamp ?? 0),
      remove: async () => await this.#remove(ReceiptHandle),
    }));
  }

  async #remove(ReceiptHandle: string | undefined): Promise<void> {
    const asked = this.#sqs.DeleteMessage({ QueueUrl: this.#queueUrl, ReceiptHandle });
    await asked.catch((error: unknown) => {
      throw toOperational(error, "a removal of a dead letter");
    });
  }
}
