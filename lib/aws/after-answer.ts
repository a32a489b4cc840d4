/**
 * Time after a function's answer (docs/decisions/0039-traces.md). Lambda freezes a function's process when it has answered. An extension
 * may go on for a while, and an extension may be a part of the function's own process: it registers itself, and asks for the next event
 * when it is done. Nobody waits for that but Lambda.
 */
import { asError } from "../errors.ts";

/** What the runtime of a function asks for its events. */
const API = "2020-01-01/extension";
const NAME = "perdure-traces";
const IDENTIFIER = "lambda-extension-identifier";
const NAMED = "Lambda-Extension-Name";

interface Answer {
  readonly status: number;
  readonly identifier: string | undefined;
  readonly body: string;
}

export class AfterAnswer {
  readonly #api: string;
  readonly #identifier: string;
  readonly #work: () => Promise<void>;
  #answered = 0;
  #tell: (() => void) | undefined;

  private constructor(api: string, identifier: string, work: () => Promise<void>) {
    this.#api = api;
    this.#identifier = identifier;
    this.#work = work;
  }

  /** `api`: `AWS_LAMBDA_RUNTIME_API`. Only while the function initialises. `undefined`: it may not. */
  static async register(
    api: string,
    work: () => Promise<void>,
    failed: (reason: string) => void,
  ): Promise<AfterAnswer | undefined> {
    try {
      const { status, identifier, body } = await ask(`http://${api}/${API}/register`, "POST", {
        headers: { [NAMED]: NAME, "content-type": "application/json" },
        body: JSON.stringify({ events: ["INVOKE"] }),
      });
      if (status !== 200 || identifier === undefined) {
        failed(`the extension is not registered: ${status} ${body}`);
        return undefined;
      }
      const registered = new AfterAnswer(api, identifier, work);
      registered.#follow().catch((error: unknown) => failed(asError(error).message));
      return registered;
    } catch (error) {
      failed(asError(error).message);
      return undefined;
    }
  }

  /** The function is about to answer. */
  answered(): void {
    this.#answered++;
    this.#tell?.();
  }

  /** One event after the other. A process that freezes here goes on here. */
  async #follow(): Promise<void> {
    const headers = { [IDENTIFIER]: this.#identifier };
    for (let events = 1; ; events++) {
      const { status, body } = await ask(`http://${this.#api}/${API}/event/next`, "GET", { headers });
      if (status !== 200) throw new Error(`the extension gets no more events: ${status} ${body}`);
      while (this.#answered < events) await new Promise<void>((resolve) => (this.#tell = resolve));
      await this.#work();
    }
  }
}

/** Without a limit: the next event may come in an hour. */
function ask(
  url: string,
  method: string,
  { headers, body }: { readonly headers: Record<string, string>; readonly body?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = process.getBuiltinModule("node:http").request(url, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const identifier = response.headers[IDENTIFIER];
        resolve({
          status: response.statusCode ?? 0,
          identifier: typeof identifier === "string" ? identifier : undefined,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}
