/** The mailbox over one SQS FIFO queue. The client that carries its requests is passed in, as for dynamo-items.ts. */
import type { BatchResultErrorEntry, SendMessageBatchRequestEntry } from "@aws-sdk/client-sqs";
import { invariant } from "../errors.ts";
import { SEND_BATCH_MAX } from "../limits.ts";
import type { Outgoing } from "../model/message.ts";
import type { Mailbox } from "../ports.ts";
import { isThrottlingCode, toOperational } from "./fault.ts";
import { toSqsBody } from "./sqs-body.ts";
import type { SqsRequests } from "./sqs-requests.ts";
import { SQS_ID_CHARS_MAX, SQS_REQUEST_BYTES_MAX } from "../limits/aws.ts";

type SendMessageBatch = SqsRequests["SendMessageBatch"];

/** Throws {@link OperationalError}. If SQS blames the message itself, it throws an Error. */
export class QueueMailbox implements Mailbox {
  readonly #sendMessageBatch: SendMessageBatch;
  readonly #queueUrl: string;

  constructor(sendMessageBatch: SendMessageBatch, queueUrl: string) {
    this.#sendMessageBatch = sendMessageBatch;
    this.#queueUrl = queueUrl;
  }

  async sendBatch(messages: readonly Outgoing[]): Promise<readonly number[]> {
    const groups = new Set(messages.map((message) => message.group));
    invariant(messages.length <= SEND_BATCH_MAX, "R13", `${messages.length} messages in one batch`);
    invariant(groups.size === messages.length, "R13", "two messages of one group in one batch");
    messages.forEach(checkIds);
    const refused: number[] = [];
    // One request after the other. If one throws, none may still be under way: a second try could overtake it.
    for (const entries of requestsOf(messages.map(toEntry))) refused.push(...(await this.#send(entries)));
    return refused;
  }

  async #send(entries: readonly SendMessageBatchRequestEntry[]): Promise<number[]> {
    const input = { QueueUrl: this.#queueUrl, Entries: [...entries] };
    const { Failed = [] } = await this.#sendMessageBatch(input).catch((error: unknown) => {
      throw toOperational(error, "a send");
    });
    return Failed.map(indexOfRefused);
  }
}

function checkIds({ group, dedup }: Outgoing): void {
  const fits = (id: string): boolean => id.length > 0 && id.length <= SQS_ID_CHARS_MAX;
  invariant(
    fits(group) && fits(dedup),
    "P1",
    `a group or deduplication id has 1 to ${SQS_ID_CHARS_MAX} characters`,
  );
}

function toEntry({ group, dedup, body }: Outgoing, index: number): SendMessageBatchRequestEntry {
  return {
    Id: String(index),
    MessageGroupId: group,
    MessageDeduplicationId: dedup,
    MessageBody: toSqsBody(body),
  };
}

/** SQS bounds the bytes of a whole request, so ten large messages take several requests. */
function requestsOf(entries: readonly SendMessageBatchRequestEntry[]): SendMessageBatchRequestEntry[][] {
  const requests: SendMessageBatchRequestEntry[][] = [];
  let bytesLeft = 0;
  for (const entry of entries) {
    const bytes = Buffer.byteLength(entry.MessageBody ?? "");
    const request = requests.at(-1);
    if (request === undefined || bytes > bytesLeft) {
      requests.push([entry]);
      bytesLeft = SQS_REQUEST_BYTES_MAX - bytes;
    } else {
      request.push(entry);
      bytesLeft -= bytes;
    }
  }
  return requests;
}

/** Trying again helps, unless SQS blames the message itself. Then the caller has a bug, and this throws. */
function indexOfRefused({ Id, Code = "", Message = "", SenderFault }: BatchResultErrorEntry): number {
  if (SenderFault === true && !isThrottlingCode(Code)) {
    throw new Error(`SQS refused message ${Id} of a batch: ${Code} ${Message}`);
  }
  return Number(Id);
}
