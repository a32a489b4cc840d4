/** The admin API, asked through a {@link Door}: JSON there and back, and refusals as errors. */
import { CommandError, EXIT } from "./exit.ts";
import type { Door, DoorAnswer } from "./door.ts";
import { AnswerFields } from "./fields.ts";

type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface AdminRequest {
  readonly query?: Query;
  /** To be sent as JSON. */
  readonly body?: unknown;
}

/** The server has refused a request. */
export class Refusal extends CommandError {
  override readonly name = "Refusal";
  /** Of the HTTP answer. */
  readonly status: number;
  /** Such as META0003. */
  readonly code: string | undefined;

  constructor(message: string, status: number, code?: string) {
    // The message may begin with the code, as Restate's do.
    const said = code === undefined ? message : message.replace(`[${code}] `, "");
    super(code === undefined ? said : `${code}: ${said}`, { exitCode: EXIT.failed });
    this.status = status;
    this.code = code;
  }
}

/** What was sent and how long it took, for `--verbose`. */
export type Trace = (line: string) => void;

export class AdminClient {
  readonly #door: Door;
  readonly #trace: Trace;

  constructor(door: Door, trace: Trace = () => undefined) {
    this.#door = door;
    this.#trace = trace;
  }

  get address(): string {
    return this.#door.address;
  }

  /** Its answer's JSON; `undefined` for an empty one. Throws {@link Refusal} and `Unreachable`. */
  async json(method: string, path: string, request: AdminRequest = {}): Promise<unknown> {
    const answer = await this.raw(method, path, request);
    if (answer.status >= 400) throw refusalOf(answer);
    return jsonOf(answer);
  }

  /** The same, for an answer that is an object. */
  async fields(method: string, path: string, request: AdminRequest = {}): Promise<AnswerFields> {
    return new AnswerFields(await this.json(method, path, request), "answer");
  }

  /** Its answer, whatever its status. Throws `Unreachable`. */
  async raw(method: string, path: string, { query, body }: AdminRequest = {}): Promise<DoorAnswer> {
    const startMs = performance.now();
    const full = `${path}${queryText(query)}`;
    const answer = await this.#door.send({
      method,
      path: full,
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    this.#trace(`${method} ${full}: ${answer.status} in ${(performance.now() - startMs).toFixed(0)} ms`);
    const limit = Number(query?.["limit"] ?? 0);
    // A function answers 4.5 MB at most. A shorter page says where the next one begins.
    if (answer.status === TOO_LARGE && method === "GET" && limit > 1)
      return await this.raw(method, path, { query: { ...query, limit: Math.floor(limit / 2) } });
    return answer;
  }
}

const TOO_LARGE = 413;

/** A path whose parts are encoded: `` path`/invocations/${id}/cancel` ``. */
export const path = (texts: TemplateStringsArray, ...parts: readonly string[]): string =>
  texts.map((text, at) => text + (at < parts.length ? encodeURIComponent(parts[at] ?? "") : "")).join("");

function queryText(query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value])
      if (one !== undefined) params.append(name, String(one));
  }
  return params.size === 0 ? "" : `?${params.toString()}`;
}

/** `undefined`: it has none. Throws {@link CommandError} for what is no JSON. */
export function jsonOf({ body }: DoorAnswer): unknown {
  if (body.length === 0) return undefined;
  const text = new TextDecoder().decode(body);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new CommandError(`the server's answer is no JSON: ${text.slice(0, SHOWN)}`, {
      advice: "Is this the admin API's address?",
    });
  }
}

/** Of an answer that cannot be read, so many characters are shown. */
const SHOWN = 200;

/** What the server says of its refusal. */
export function refusalOf(answer: DoorAnswer): Refusal {
  const text = new TextDecoder().decode(answer.body).trim();
  const fields = readable(text);
  const message = fields?.["message"];
  const code = fields?.["restate_code"];
  const said = typeof message === "string" ? message : text.slice(0, SHOWN);
  return new Refusal(
    said === "" ? `the server answers ${answer.status}` : said,
    answer.status,
    typeof code === "string" ? code : undefined,
  );
}

function readable(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return new AnswerFields(JSON.parse(text), "refusal").raw;
  } catch {
    return undefined;
  }
}
