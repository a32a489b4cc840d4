/** Asks a Lambda function version whether its code does what recorded journals hold. */
import { functionErrorIn, invocationPath, type RestService } from "../../lib/aws/rest-service.ts";
import { REHEARSAL_REQUEST_MS_MAX } from "../../lib/limits/replay.ts";
import { rehearsalRequest, rehearsedIn } from "../../lib/replay/rehearsal-request.ts";
import type { Replayed } from "../../lib/replay/replay.ts";
import { deathIn } from "./function-death.ts";
import { unreached } from "./lambda-discoverer.ts";

export class LambdaRehearser {
  readonly #lambda: RestService;

  constructor(lambda: RestService) {
    this.#lambda = lambda;
  }

  /**
   * `address`: a qualified ARN. `journals`: each as a line of JSON. Answers in their order. Throws an OperationalError if the function
   * was not reached, which may pass; and `Error` with the reason if it has died, was silent, or answers something else.
   */
  async rehearse(address: string, journals: readonly string[]): Promise<readonly Replayed[]> {
    const late = AbortSignal.timeout(REHEARSAL_REQUEST_MS_MAX);
    const body = JSON.stringify(rehearsalRequest(journals));
    const asked = {
      path: invocationPath(address),
      body,
      timeoutMs: 2 * REHEARSAL_REQUEST_MS_MAX,
      signal: late,
    };
    const answer = await this.#lambda.ask(asked).catch((error: unknown) => {
      if (late.aborted) throw new Error(SILENT, { cause: error });
      throw unreached(error, "a rehearsal");
    });
    if (functionErrorIn(answer) !== undefined) throw new Error(reasonOf(deathIn(answer.body)));
    return rehearsedIn(JSON.parse(answer.body), journals.length);
  }
}

const SILENT = `the function has not answered in ${REHEARSAL_REQUEST_MS_MAX / 1000} seconds`;

/** Functions with an SDK that knows no rehearsals say this of a request. */
const UNKNOWN = /not a Perdure request/;
const reasonOf = (death: string): string =>
  UNKNOWN.test(death)
    ? "the function's SDK is older than the runtime, and cannot be asked: build it with this version of perdure"
    : `the function failed: ${death}`;
