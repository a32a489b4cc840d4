/** The port of `perdure ui`. */
import { PORT_MAX } from "../config/server-setting.ts";
import { UsageError } from "../exit.ts";

/** Beside the admin API's, and always the same, so that links stay. */
export const DEFAULT_UI_PORT = 9071;

/** Throws {@link UsageError}. */
export function portOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_UI_PORT;
  const port = Number(text);
  if (/^\d+$/u.test(text) && port <= PORT_MAX) return port;
  throw new UsageError(`--port takes a number from 0 to ${PORT_MAX}, not "${text}"`);
}
