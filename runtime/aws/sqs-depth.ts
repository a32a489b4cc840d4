/** How many messages a queue has. */
import { toOperational } from "../../lib/aws/fault.ts";
import type { SqsRequests } from "../../lib/aws/sqs-requests.ts";

const COUNTS = [
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
] as const;

/** Those that wait, and those that are handled. It may lag by a minute. */
export async function depthOfQueue(sqs: SqsRequests, queueUrl: string): Promise<number> {
  const asked = sqs.GetQueueAttributes({ QueueUrl: queueUrl, AttributeNames: [...COUNTS] });
  const { Attributes } = await asked.catch((error: unknown) => {
    throw toOperational(error, "a look at a queue");
  });
  return COUNTS.reduce((sum, name) => sum + Number(Attributes?.[name] ?? 0), 0);
}
