/** The log of an attempt: what the handler says with `ctx.console`, and what the engine says of the invocation. An endpoint's own
 * transport gets everything, replays included, and filters itself. */
import { isBelow, parseLevel } from "../lib/log/level.ts";
import { Console } from "node:console";
import { Writable } from "node:stream";
import { parseTraceparent, TRACEPARENT } from "../lib/tracing/w3c.ts";
import type { InvocationRequest } from "./context.ts";
import { targetText } from "../lib/model/target-text.ts";

export const RestateLogLevel = {
  TRACE: "trace",
  DEBUG: "debug",
  INFO: "info",
  WARN: "warn",
  ERROR: "error",
} as const;
export type RestateLogLevel = (typeof RestateLogLevel)[keyof typeof RestateLogLevel];

export const LogSource = { SYSTEM: "SYSTEM", JOURNAL: "JOURNAL", USER: "USER" } as const;
export type LogSource = (typeof LogSource)[keyof typeof LogSource];

/** The invocation that the words belong to. */
export class LoggerContext {
  readonly invocationId: string;
  readonly serviceName: string;
  readonly handlerName: string;
  readonly key?: string;
  readonly request?: InvocationRequest;
  /** The attempt's number; and `trace_id` and `span_id`, if the invocation has a trace. */
  readonly additionalContext?: Record<string, string>;
  /** `service/key/handler`. */
  readonly invocationTarget: string;

  constructor(request: InvocationRequest, attempt?: number) {
    const { service, handler, key } = request.target;
    this.additionalContext = contextOf(request, attempt);
    this.invocationId = request.id;
    this.serviceName = service;
    this.handlerName = handler;
    if (key !== undefined) this.key = key;
    this.request = request;
    this.invocationTarget = targetText(request.target);
  }
}

function contextOf({ attemptHeaders }: InvocationRequest, attempt?: number): Record<string, string> {
  const header = attemptHeaders.get(TRACEPARENT);
  const span = parseTraceparent(typeof header === "string" ? header : undefined);
  return {
    ...(attempt === undefined ? {} : { attempt: String(attempt) }),
    ...(span ? { trace_id: span.traceId, span_id: span.spanId } : {}),
  };
}

export interface LogMetadata {
  readonly source: LogSource;
  readonly level: RestateLogLevel;
  /** The handler said this before, in an earlier attempt. */
  readonly replaying: boolean;
  readonly context?: LoggerContext;
}
export type LoggerTransport = (
  metadata: LogMetadata,
  message?: unknown,
  ...optionalParams: unknown[]
) => void;

const METHODS = {
  trace: RestateLogLevel.TRACE,
  debug: RestateLogLevel.DEBUG,
  info: RestateLogLevel.INFO,
  log: RestateLogLevel.INFO,
  warn: RestateLogLevel.WARN,
  error: RestateLogLevel.ERROR,
} as const;

/** The level that `PERDURE_LOGGING` names or, as in Restate, `RESTATE_LOGGING`. Throws `TypeError` if it is not a level. */
export function levelOf(
  environment: Readonly<Record<string, string | undefined>>,
): RestateLogLevel | undefined {
  const name = ["PERDURE_LOGGING", "RESTATE_LOGGING"].find((each) => environment[each]);
  return name === undefined ? undefined : parseLevel(name, environment[name] ?? "");
}

/** Whether lines are JSON: as `PERDURE_LOG_FORMAT` says, and by default in Lambda. */
export const isJsonIn = (environment: Readonly<Record<string, string | undefined>>): boolean => {
  const format =
    environment["PERDURE_LOG_FORMAT"] || (environment["AWS_LAMBDA_FUNCTION_NAME"] ? "json" : "text");
  return format.toLowerCase() === "json";
};

/** Anything that knows whether it repeats what its journal has recorded. */
interface Replaying {
  readonly replaying: boolean;
}

/** Where to. */
export interface Logging {
  readonly transport: LoggerTransport | undefined;
  readonly level: RestateLogLevel | undefined;
  /** What is printed is JSON. */
  readonly isJson?: boolean;
  /** Is told of everything, besides. */
  readonly heard?: LoggerTransport | undefined;
}

/** What the handler and the engine say in one attempt. */
export class TurnLog {
  readonly #turn: Replaying;
  readonly #request: InvocationRequest;
  readonly #logging: Logging;
  readonly #attempt: number | undefined;
  /** Of what is being printed. */
  #level: RestateLogLevel = RestateLogLevel.INFO;
  #context: LoggerContext | undefined;
  #printed: Console | undefined;
  #console: Console | undefined;

  constructor(turn: Replaying, request: InvocationRequest, logging: Logging, attempt?: number) {
    this.#attempt = attempt;
    this.#turn = turn;
    this.#request = request;
    this.#logging = logging;
  }

  /** For the handler. Without a transport it prints from the level on (default: info), and nothing on a replay. Methods that a
   * transport does not have (`table`, `group`) print always. */
  get console(): Console {
    if (this.#console) return this.#console;
    const { transport, level: least = RestateLogLevel.INFO, heard } = this.#logging;
    const printed = this.#printer();
    const writers = Object.entries(METHODS).map(([name, level]) => {
      const write = (message?: unknown, ...more: unknown[]): void => {
        heard?.(this.#metadata(LogSource.USER, level), message, ...more);
        if (transport) transport(this.#metadata(LogSource.USER, level), message, ...more);
        else if (!isBelow(level, least)) {
          this.#level = level;
          printed[name as keyof typeof METHODS](message, ...more);
        }
      };
      return [name, { value: write, enumerable: true }] as const;
    });
    return (this.#console = Object.create(printed, Object.fromEntries(writers)) as Console);
  }

  /** Says something of the invocation itself. Without a transport it is printed only if there is a level. */
  say(level: RestateLogLevel, message: string, ...more: unknown[]): void {
    const { transport, level: least } = this.#logging;
    if (transport) transport(this.#metadata(LogSource.JOURNAL, level), message, ...more);
    else if (least !== undefined && !isBelow(level, least)) {
      this.#level = level;
      this.#printer()[level](message, ...more);
    }
  }

  /** Says what the code's author should know. It is printed without a level, too. */
  warn(message: string): void {
    const { transport, level: least = RestateLogLevel.INFO, heard } = this.#logging;
    heard?.(this.#metadata(LogSource.JOURNAL, RestateLogLevel.WARN), message);
    if (transport) transport(this.#metadata(LogSource.JOURNAL, RestateLogLevel.WARN), message);
    else if (!isBelow(RestateLogLevel.WARN, least)) {
      this.#level = RestateLogLevel.WARN;
      this.#printer().warn(message);
    }
  }

  #metadata(source: LogSource, level: RestateLogLevel): LogMetadata {
    const context = (this.#context ??= new LoggerContext(this.#request, this.#attempt));
    return { source, level, replaying: this.#turn.replaying, context };
  }

  /** One line for machines: what is said, and of which invocation, attempt and span it is. */
  #json(text: string): string {
    const { id, target } = this.#request;
    const { attempt, ...span } = contextOf(this.#request, this.#attempt);
    const about = {
      invocation: id,
      target: `${target.service}/${target.handler}`,
      attempt: Number(attempt ?? 1),
    };
    return `${JSON.stringify({ level: this.#level, message: text.trimEnd(), ...about, ...span })}\n`;
  }

  /** Prints with the invocation's name in front, and nothing while the handler replays. */
  #printer(): Console {
    if (this.#printed) return this.#printed;
    const { id, target } = this.#request;
    const prefix = `[${target.toString()}][${id}] `;
    const to = (stream: NodeJS.WriteStream): Writable =>
      new Writable({
        decodeStrings: false,
        write: (chunk: unknown, _encoding, done) => {
          const text = String(chunk);
          if (!this.#turn.replaying) stream.write(this.#logging.isJson ? this.#json(text) : prefix + text);
          done();
        },
      });
    return (this.#printed = new Console({ stdout: to(process.stdout), stderr: to(process.stderr) }));
  }
}
