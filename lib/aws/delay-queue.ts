/** Timers of at most 15 minutes: the delay queue alone (lib/aws/timer-message.ts). Guards need no more (R25). */
import type { Clock, Timer, Timers } from "../ports.ts";
import { toOperational } from "./fault.ts";
import { toSqsBody } from "./sqs-body.ts";
import type { SqsRequests } from "./sqs-requests.ts";
import { encodeTimer } from "./timer-message.ts";

type SendMessage = SqsRequests["SendMessage"];

/** Throws {@link OperationalError}. */
export class DelayQueue implements Timers {
  readonly #send: SendMessage;
  readonly #queueUrl: string;
  readonly #clock: Pick<Clock, "now">;

  constructor(send: SendMessage, queueUrl: string, clock: Pick<Clock, "now">) {
    this.#send = send;
    this.#queueUrl = queueUrl;
    this.#clock = clock;
  }

  async schedule(timer: Timer): Promise<void> {
    // Rounded up, or the timer would fire early (T1).
    const delaySeconds = Math.max(0, Math.ceil((timer.atMs - this.#clock.now()) / 1000));
    const input = {
      QueueUrl: this.#queueUrl,
      DelaySeconds: delaySeconds,
      MessageBody: toSqsBody(encodeTimer(timer)),
    };
    await this.#send(input).catch((error: unknown) => {
      throw toOperational(error, "a timer");
    });
  }
}
