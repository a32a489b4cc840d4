/** Requests to those services of AWS for which this package brings no client: by their JSON and their query protocol. */
import { asError } from "../../lib/errors.ts";
import type { Credentials } from "../../lib/aws/signature.ts";
import { type AwsChannel, openChannel } from "./signed-http.ts";
import { CLI_AWS_ATTEMPTS_MAX, CLI_AWS_REQUEST_MS_MAX, CLI_AWS_RETRY_MS } from "../../lib/limits/cli.ts";

interface Refused {
  readonly __type?: string;
  readonly message?: string;
  readonly Message?: string;
}

interface JsonProtocol {
  /** In the address. */
  readonly host: string;
  /** In signatures. */
  readonly service: string;
  readonly target: string;
  readonly version: "1.0" | "1.1";
}

const JSON_SERVICES = {
  cloudwatch: {
    host: "monitoring",
    service: "monitoring",
    target: "GraniteServiceVersion20100801",
    version: "1.0",
  },
  dynamodb: { host: "dynamodb", service: "dynamodb", target: "DynamoDB_20120810", version: "1.0" },
  logs: { host: "logs", service: "logs", target: "Logs_20140328", version: "1.1" },
  ssm: { host: "ssm", service: "ssm", target: "AmazonSSM", version: "1.1" },
} as const satisfies Record<string, JsonProtocol>;

const QUERY_SERVICES = {
  sts: "2011-06-15",
  cloudformation: "2010-05-15",
} as const;

/** So much of an answer is searched for the error's code. */
const EXCERPT = 500;

/** An error that a service has answered. */
export class ServiceRefusal extends Error {
  override readonly name = "ServiceRefusal";
  /** As the service calls it. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

export interface QueryOptions {
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly credentials: () => Promise<Credentials>;
  /** Tries of a request; by default {@link CLI_AWS_ATTEMPTS_MAX}. */
  readonly attemptsMax?: number;
}

export class AwsQuery {
  readonly #options: QueryOptions;
  readonly #connections = new Map<string, AwsChannel>();

  constructor(options: QueryOptions) {
    this.#options = options;
  }

  /** Throws {@link ServiceRefusal}. */
  async json(name: keyof typeof JSON_SERVICES, operation: string, input: object): Promise<unknown> {
    const { host, service, target, version } = JSON_SERVICES[name];
    const { status, body } = await this.#post(host, service, {
      headers: {
        "content-type": `application/x-amz-json-${version}`,
        "x-amz-target": `${target}.${operation}`,
      },
      body: JSON.stringify(input),
    });
    const answer = (body === "" ? {} : JSON.parse(body)) as Refused;
    if (status < 300) return answer;
    const { __type: type = `status ${status}` } = answer;
    const code = type.split("#").at(-1) ?? type;
    throw new ServiceRefusal(code.split(":")[0] ?? code, answer.message ?? answer.Message ?? "");
  }

  /** Answers XML. Throws {@link ServiceRefusal}. */
  async xml(
    service: keyof typeof QUERY_SERVICES,
    action: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<string> {
    const form = new URLSearchParams({ Action: action, Version: QUERY_SERVICES[service], ...parameters });
    const { status, body } = await this.#post(service, service, {
      headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
      body: form.toString(),
    });
    if (status < 300) return body;
    throw new ServiceRefusal(element(body, "Code") ?? `status ${status}`, element(body, "Message") ?? body);
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  /** Tries again what is throttled, what has failed on the service's side, and what was not answered. */
  async #post(host: string, service: string, request: { headers: Record<string, string>; body: string }) {
    const { attemptsMax = CLI_AWS_ATTEMPTS_MAX } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const asked = this.#connection(host, service)
        .request("POST", "/", { ...request, timeoutMs: CLI_AWS_REQUEST_MS_MAX })
        .then(({ status, body }) => ({ status, body: body.toString() }));
      const answer = await asked.catch((error: unknown) => asError(error));
      const mayPass =
        answer instanceof Error ||
        answer.status >= 500 ||
        (answer.status >= 300 && /Throttl|Rate exceeded/.test(answer.body.slice(0, EXCERPT)));
      if (answer instanceof Error && attempt >= attemptsMax) throw answer;
      if (!(answer instanceof Error) && (!mayPass || attempt >= attemptsMax)) return answer;
      await new Promise((resolve) => void setTimeout(resolve, CLI_AWS_RETRY_MS * 2 ** attempt));
    }
  }

  #connection(host: string, service: string): AwsChannel {
    const known = this.#connections.get(host);
    if (known) return known;
    const { region } = this.#options;
    const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
    const url = `https://${host}.${region}.${suffix}`;
    const made = openChannel({ ...this.#options, url, service });
    this.#connections.set(host, made);
    return made;
  }
}

/** The text of the first element of this name. */
export function element(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(xml)?.[1];
  return found === undefined ? undefined : unescaped(found);
}

/** The texts of all elements of this name. */
export const elements = (xml: string, name: string): readonly string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, "gu"))].map(([, text = ""]) =>
    unescaped(text),
  );

/** The contents of the `member`s of a list, which may hold lists themselves. */
export function members(xml: string, list: string): readonly string[] {
  const found: string[] = [];
  const start = xml.indexOf(`<${list}>`);
  if (start === -1) return found;
  const tags = /<(\/?)member>/gu;
  tags.lastIndex = start;
  const end = closing(xml, list, start);
  let depth = 0;
  let from = 0;
  for (let tag = tags.exec(xml); tag !== null && tag.index < end; tag = tags.exec(xml)) {
    if (tag[1] === "") {
      if (depth++ === 0) from = tags.lastIndex;
    } else if (--depth === 0) found.push(xml.slice(from, tag.index));
  }
  return found;
}

/** Where the list ends that begins there. A list of the same name may stand in it. */
function closing(xml: string, list: string, start: number): number {
  const tags = new RegExp(`<(/?)${list}>`, "gu");
  tags.lastIndex = start;
  let depth = 0;
  for (let tag = tags.exec(xml); tag !== null; tag = tags.exec(xml)) {
    depth += tag[1] === "" ? 1 : -1;
    if (depth === 0) return tag.index;
  }
  return xml.length;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
const unescaped = (text: string): string =>
  text.replaceAll(/&(?:#(x?)([0-9a-fA-F]+)|(\w+));/g, (entity, hex: string, code: string, name: string) =>
    code === undefined ? (ENTITIES[name] ?? entity) : String.fromCodePoint(parseInt(code, hex ? 16 : 10)),
  );
