/**
 * `POST /dev/fail-next-step`: the next step that the invocation runs throws an error, once, and its closure does not run. A
 * terminal error is the step's result; any other is tried again as the step's or the handler's policy says.
 */
import { ERROR_CODE_SIZE_MAX } from "../../../lib/limits.ts";
import { ORDERED_MESSAGE_CHARS_MAX } from "../../../lib/limits/local.ts";
import type { OrderedFailure } from "../../../lib/step-gate.ts";
import { badField } from "../../admin/error.ts";
import type { PowerAnswer, PowerExchange } from "./ports.ts";
import { openTarget } from "./target.ts";

const DEFAULT_MESSAGE = "This step was made to fail on the development server";

/** `{invocation_id, message?, terminal?, code?}`. */
export async function failNextStep(
  { ports, armed }: PowerExchange,
  body: Record<string, unknown>,
): Promise<PowerAnswer> {
  const failure = failureIn(body);
  const { id, runs } = await openTarget(ports, body);
  armed.set(id, { kind: "fail-next-step", ...failure, atMs: ports.clock.now() });
  ports.pool.arm(id);
  ports.httpHosts.arm(id);
  const what = failure.terminal ? "and is not tried again" : "and is then tried again";
  const rest = runs ? "A step that runs already is not touched." : "Nothing of it runs now.";
  return {
    done: false,
    message: `The next step that it begins will fail once, ${what}. ${rest} Nothing has happened yet.`,
    armed: true,
    failure,
  };
}

function failureIn({ message, terminal, code }: Record<string, unknown>): OrderedFailure {
  const text = message ?? DEFAULT_MESSAGE;
  if (typeof text !== "string" || text.length > ORDERED_MESSAGE_CHARS_MAX)
    throw badField("request field 'message'", `it must be a text of at most ${ORDERED_MESSAGE_CHARS_MAX}`);
  if (terminal !== undefined && typeof terminal !== "boolean")
    throw badField("request field 'terminal'", "it must be true or false");
  const isCode = typeof code === "number" && Number.isInteger(code) && Math.abs(code) <= ERROR_CODE_SIZE_MAX;
  if (code !== undefined && !isCode) throw badField("request field 'code'", "it must be a whole number");
  return { message: text, terminal: terminal ?? false, ...(isCode ? { code } : {}) };
}
