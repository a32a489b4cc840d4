/**
 * What the SDK tells a process that runs a file for the local engine. Such a process has time to look more closely
 * (runtime/dev/hosts/traps.ts and losses.ts). Elsewhere nobody listens, and nothing is told.
 */
import { handlersTurn } from "./turn/current-turn.ts";

const DEVELOPMENT = Symbol.for("perdure.development");

interface Development {
  /** `where`: whose code runs now, outside of a step: `Cart/add`. `services`: all that are served. */
  handlers(where: () => string | undefined, services: readonly unknown[]): void;
  /** `what` is written as JSON. `line`: where in the user's code. */
  stored(value: unknown, what: string, line: () => string | undefined): void;
}

const development = (globalThis as { readonly [DEVELOPMENT]?: Development })[DEVELOPMENT];

export const isDevelopment = (): boolean => development !== undefined;

function where(): string | undefined {
  const turn = handlersTurn();
  if (!turn) return undefined;
  const { service, handler } = turn.owner.driver.request.target;
  return `${service}/${handler}`;
}

export const tellHandlers = (services: readonly unknown[]): void => development?.handlers(where, services);

export const tellStored: Development["stored"] = (value, what, line) =>
  development?.stored(value, what, line);
