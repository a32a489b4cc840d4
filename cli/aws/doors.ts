/** Doors of a deployment: HTTP APIs and function URLs, whose requests are signed, and the admin function, which is invoked. */
import { INVOKE_MS_MAX } from "../../lib/limits/aws.ts";
import { CommandError } from "../exit.ts";
import { type Door, type DoorAnswer, type DoorRequest, Unreachable } from "../door.ts";
import { AnswerFields } from "../fields.ts";
import { type AwsSession, explained } from "./session.ts";
import { type AwsChannel, openChannel } from "./signed-http.ts";

const ADVICE = "Was the stack deleted? `perdure whoami` shows where it should be.";

interface Target {
  readonly url: string;
  /** In signatures. */
  readonly service: "execute-api" | "lambda";
  /** Whether requests are signed. */
  readonly signed: boolean;
  /** The permission that a request takes, and how it is given. */
  readonly needs: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An HTTP API or a function URL. */
export class AwsHttpDoor implements Door {
  readonly address: string;
  readonly #target: Target;
  readonly #connection: AwsChannel;

  constructor(session: AwsSession, target: Target) {
    const { region, endpoint, credentials } = session;
    const url = target.url.replace(/\/+$/u, "");
    this.address = url;
    this.#target = target;
    this.#connection = openChannel({
      ...{ url, endpoint, region, service: target.service },
      ...(target.signed ? { credentials } : {}),
    });
  }

  async send({ method, path, headers, body, timeoutMs }: DoorRequest): Promise<DoorAnswer> {
    const all = { ...this.#target.headers, ...headers };
    const answer = await reached(this.address, () =>
      this.#connection.request(method, withoutPlus(path), {
        ...(body === undefined ? {} : { body }),
        ...{ headers: all, ...millis(timeoutMs) },
      }),
    );
    const { status } = answer;
    if (status === 401 || status === 403) this.#checkGateway(answer);
    return answer;
  }

  /** Perdure has no answer of this form: it is the gateway's, and no request has come through. */
  #checkGateway({ status, body }: DoorAnswer): void {
    const said = gatewayMessage(body);
    if (said === undefined) return;
    const { signed, needs } = this.#target;
    if (signed) throw explained("AccessDenied", `${said} (${this.address})`, needs);
    throw new CommandError(`${this.address} answers ${status}: ${said}`, {
      advice:
        "Its authorizer wants a header: `perdure env add <name> --stack … --header 'authorization=Bearer ${TOKEN}'`.",
    });
  }
}

/** In a query a space may be written as a plus. In what is signed it may not. */
function withoutPlus(path: string): string {
  const [pathname = "", ...query] = path.split("?");
  return query.length === 0 ? path : `${pathname}?${query.join("?").replaceAll("+", "%20")}`;
}

/** `{"message": "…"}` and nothing else. */
function gatewayMessage(body: Uint8Array): string | undefined {
  try {
    const { raw } = new AnswerFields(JSON.parse(new TextDecoder().decode(body)), "answer");
    const [name = "", ...more] = Object.keys(raw);
    if (more.length > 0 && raw["Type"] !== "User") return undefined;
    const text = raw[name.toLowerCase() === "message" ? name : "message"];
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The admin function of a runtime with `admin: "function"`, invoked with the request as its event. */
export class FunctionDoor implements Door {
  readonly address: string;
  readonly #path: string;
  readonly #connection: AwsChannel;

  constructor(session: AwsSession, functionName: string) {
    const { region, endpoint, credentials } = session;
    this.address = `function ${functionName}`;
    this.#path = `/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`;
    const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
    const url = `https://lambda.${region}.${suffix}`;
    this.#connection = openChannel({ url, endpoint, region, service: "lambda", credentials });
  }

  async send({ method, path, headers, body, timeoutMs }: DoorRequest): Promise<DoorAnswer> {
    const text = typeof body === "string" || body === undefined ? body : new TextDecoder().decode(body);
    const event = { method, path, headers, ...(text === undefined ? {} : { body: text }) };
    const answer = await reached(this.address, () =>
      this.#connection.request("POST", this.#path, {
        ...{ headers: { "content-type": "application/json" }, body: JSON.stringify(event) },
        ...millis(timeoutMs),
      }),
    );
    const said = new TextDecoder().decode(answer.body);
    if (answer.status >= 300) throw this.#refused(answer, said);
    if (answer.headers["x-amz-function-error"] !== undefined)
      throw new CommandError(`${this.address} has failed: ${said.slice(0, SHOWN)}`, {
        advice: "Its log group in CloudWatch says why.",
      });
    return resultIn(said);
  }

  #refused({ status, headers }: DoorAnswer, said: string): CommandError {
    const code = (headers["x-amzn-errortype"] ?? "").split(":")[0] ?? "";
    const needs = "lambda:InvokeFunction on the admin function (runtime.grantAdmin)";
    return explained(
      code === "" ? `status ${status}` : code,
      gatewayMessage(Buffer.from(said)) ?? said.slice(0, SHOWN),
      needs,
    );
  }
}

/** Of an answer that cannot be read, so many characters are shown. */
const SHOWN = 300;

function resultIn(text: string): DoorAnswer {
  const fields = new AnswerFields(JSON.parse(text), "the admin function's answer");
  const given = fields.object("headers")?.raw ?? {};
  const headers = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  return {
    status: fields.number("statusCode"),
    headers,
    body: new TextEncoder().encode(fields.optionalText("body") ?? ""),
  };
}

const millis = (timeoutMs: number | undefined) =>
  timeoutMs === undefined ? {} : { timeoutMs: Math.min(timeoutMs, INVOKE_MS_MAX) };

async function reached(address: string, ask: () => Promise<DoorAnswer>): Promise<DoorAnswer> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new Unreachable(address, error, ADVICE);
  }
}
