/** Where `ctx.console` writes to: an endpoint's own transport hears everything, replays included, and filters itself. */
import type { InvocationRequest } from "./context.ts";

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

/** The console of one attempt, over a transport. What the transport has no word for (`table`, `group`) goes to `rest`. */
export function transportConsole(
  transport: LoggerTransport,
  turn: { readonly replaying: boolean },
  request: InvocationRequest,
  rest: Console,
): Console {
  const context = new LoggerContext(request);
  const methods = Object.entries(METHODS).map(([name, level]) => {
    const write = (message?: unknown, ...more: unknown[]): void =>
      transport({ source: LogSource.USER, level, replaying: turn.replaying, context }, message, ...more);
    return [name, { value: write, enumerable: true }] as const;
  });
  return Object.create(rest, Object.fromEntries(methods)) as Console;
}
