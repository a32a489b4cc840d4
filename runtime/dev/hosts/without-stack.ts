/** Keeps stacks out of what callers get: they name the files of this machine. The console still shows them. */
import { FunctionError } from "../../../lib/errors.ts";

const FIRST_FRAME = /\n\s+at /u;

/** The same error, without the stack in its message. The whole text is the stack of its cause. */
export function withoutStack(error: FunctionError): FunctionError {
  const at = error.message.search(FIRST_FRAME);
  if (at < 0) return error;
  const message = error.message.slice(0, at);
  const cause = new Error(message, { cause: error });
  cause.stack = error.message;
  return new FunctionError(error.code, message, cause);
}
