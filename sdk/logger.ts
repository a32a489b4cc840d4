/** Where `ctx.console` and what the engine says of an invocation go: an endpoint's own transport hears everything,
 * replays included, and filters itself. */
import { isBelow, parseLevel } from "../lib/log/level.ts";
import type { InvocationRequest } from "./context.ts";
import { replayAwareConsole } from "./turn/replay-console.ts";

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

/** Whose log it is. */
export class LoggerContext {
  readonly invocationId: string;
  readonly serviceName: string;
  readonly handlerName: string;
  readonly key?: string;
  readonly request?: InvocationRequest;
  /** Never set here; Restate's has it. */
  readonly additionalContext?: Record<string, string>;
  /** `service/key/handler`. */
  readonly invocationTarget: string;

  constructor(request: InvocationRequest) {
    const { service, handler, key } = request.target;
    this.invocationId = request.id;
    this.serviceName = service;
    this.handlerName = handler;
    if (key !== undefined) this.key = key;
    this.request = request;
    this.invocationTarget = key === undefined ? `${service}/${handler}` : `${service}/${key}/${handler}`;
  }
}

export interface LogMetadata {
  readonly source: LogSource;
  readonly level: RestateLogLevel;
  /** The handler has said this before, in an earlier attempt. */
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

/** What `PERDURE_LOGGING` or, as in Restate, `RESTATE_LOGGING` says. Throws `TypeError` for what is no level. */
export function levelOf(
  environment: Readonly<Record<string, string | undefined>>,
): RestateLogLevel | undefined {
  const name = ["PERDURE_LOGGING", "RESTATE_LOGGING"].find((each) => environment[each]);
  return name === undefined ? undefined : parseLevel(name, environment[name] ?? "");
}

/** Where to. */
export interface Logging {
  readonly transport: LoggerTransport | undefined;
  readonly level: RestateLogLevel | undefined;
}

/** What is said in one attempt: by the handler, and by the engine of it. */
export class TurnLog {
  /** The handler's. */
  readonly console: Console;
  readonly #journal: (level: RestateLogLevel, message: string, ...more: unknown[]) => void;

  /** Without a transport the handler's words are printed once, from `level` (info) on; the engine's only if there is a
   * `level`. What a transport has no word for (`table`, `group`) is printed. */
  constructor(
    turn: { readonly replaying: boolean },
    request: InvocationRequest,
    { transport, level }: Logging,
  ) {
    const context = new LoggerContext(request);
    const printed = replayAwareConsole(turn, request);
    const least = level ?? RestateLogLevel.INFO;
    const writers = Object.entries(METHODS).map(([name, at]) => {
      const write = (message?: unknown, ...more: unknown[]): void => {
        if (transport)
          transport(
            { source: LogSource.USER, level: at, replaying: turn.replaying, context },
            message,
            ...more,
          );
        else if (!isBelow(at, least)) printed[name as keyof typeof METHODS](message, ...more);
      };
      return [name, { value: write, enumerable: true }] as const;
    });
    this.console = Object.create(printed, Object.fromEntries(writers)) as Console;
    this.#journal = (at, message, ...more) => {
      if (transport)
        transport(
          { source: LogSource.JOURNAL, level: at, replaying: turn.replaying, context },
          message,
          ...more,
        );
      else if (level !== undefined && !isBelow(at, level)) printed[at](message, ...more);
    };
  }

  /** Says something of the invocation itself. */
  say(level: RestateLogLevel, message: string, ...more: unknown[]): void {
    this.#journal(level, message, ...more);
  }
}
