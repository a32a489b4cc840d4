/**
 * Calls in memory (R28): invokes a callee's function over the light client, in the name of the caller's function.
 *
 * It goes by an alias, which is a door of its own: the caller's role may invoke that and no version, and what comes in there may be
 * the first turn of a call alone (sdk/direct-door.ts). The alias stands for the newest version. So the request says for which version
 * it is, and another one does not run it. It also says where the caller's data is. A callee whose data is elsewhere does not run it
 * either, and one that has run it elsewhere is not believed (docs/decisions/0026-resources-ride-with-turns.md).
 *
 * Nothing is tried again, but over a connection that was closed. If it was not run, or nobody knows, the call goes by the queue
 * (docs/decisions/0021-waits-in-memory.md).
 */
import { FunctionError, OperationalError } from "../errors.ts";
import { DIRECT_REQUEST_MS_MAX } from "../limits/aws.ts";
import type { Invocable } from "../model/manifest.ts";
import { type Resources, resourcesId } from "../model/resources.ts";
import type { CallInvoker } from "../ports.ts";
import { encodeTurnRequest, type TurnOutcome, type TurnRequest } from "../protocol.ts";
import { toOperational } from "./fault.ts";
import { outcomeIn } from "./function-answer.ts";
import { functionErrorIn, invocationPath } from "./rest-service.ts";
import { type HttpAnswer, named, type SignedHttp } from "./signed-http.ts";

const VERSION_ARN = /^(arn:[\w-]+:lambda:[\w-]+:\d+:function:[\w-]+):\d+$/;
/** No connection was made. */
const UNREACHED: ReadonlySet<unknown> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH"]);

export class DirectInvoker implements CallInvoker {
  readonly #http: Pick<SignedHttp, "sendAgain">;
  readonly #alias: string;
  readonly #resourcesId: string;

  /** `resources`: of the caller. */
  constructor(http: Pick<SignedHttp, "sendAgain">, alias: string, resources: Resources) {
    this.#http = http;
    this.#alias = alias;
    this.#resourcesId = resourcesId(resources);
  }

  /** `throttled`: it was not run, for whatever reason. The dispatcher may invoke it all the same. */
  async invoke({ address }: Invocable, request: TurnRequest): Promise<TurnOutcome> {
    const [, functionArn] = VERSION_ARN.exec(address) ?? [];
    if (functionArn === undefined) throw notRun(`${address} is no version of a function`);
    const asked = { ...request, address, resourcesId: this.#resourcesId };
    const answer = await this.#post(`${functionArn}:${this.#alias}`, asked);
    const { status, headers, body } = answer;
    if (status >= 200 && status < 300) return this.#seenHere(outcomeIn(body, functionErrorIn(answer)));
    const type = textOf(headers["x-amzn-errortype"])?.replace(/:.*/, "");
    // Of what Lambda names with 502, nothing ran.
    if (status < 500 || (status === 502 && type !== undefined)) throw notRun(`${type ?? ""} (${status})`);
    const fault = Object.assign(named(type ?? `status ${status}`, ""), {
      $metadata: { httpStatusCode: status },
    });
    throw toOperational(fault, "an invocation");
  }

  /** A callee that does not say where it has run is of an earlier version. */
  #seenHere({ resourcesId: where, ...outcome }: TurnOutcome): TurnOutcome {
    if (where === this.#resourcesId || outcome.kind === "lost") return outcome;
    throw new OperationalError(
      "unavailable",
      "the callee does not say that it has run on the caller's tables",
    );
  }

  async #post(name: string, request: TurnRequest): Promise<HttpAnswer> {
    const asked = {
      path: invocationPath(name),
      headers: { "content-type": "application/json" },
      body: encodeTurnRequest(request),
      timeoutMs: DIRECT_REQUEST_MS_MAX,
    };
    try {
      return await this.#http.sendAgain(asked);
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      if (UNREACHED.has(code)) throw notRun(String(code));
      throw toOperational(error, "an invocation");
    }
  }
}

const notRun = (why: string): FunctionError =>
  new FunctionError("throttled", `the function was not run: ${why}`);
const textOf = (header: string | string[] | undefined): string | undefined =>
  typeof header === "string" ? header : undefined;
