/** What Lambda answers of a function that has run: the outcome of its turn, or how it died. */
import { FunctionError, type FunctionErrorCode } from "../errors.ts";
import { EXCERPT_CHARS_MAX } from "../limits/aws.ts";
import { decodeTurnOutcome, isOutcome, type TurnOutcome } from "../protocol.ts";

/** Lambda's runtime ended before any code of the handler's module could answer. */
const INIT_ERROR =
  /^(Runtime\.(HandlerNotFound|ImportModuleError|InvalidEntrypoint|MalformedHandlerName|UserCodeSyntaxError)$|Extension\.)/;

/** `functionError`: what Lambda says of it if it has failed. Throws {@link FunctionError}. */
export function outcomeIn(payload: string, functionError: string | undefined): TurnOutcome {
  if (functionError !== undefined) throw toFunctionError(functionError, payload);
  const outcome = decodeOutcome(payload);
  if (isOutcome(outcome)) return outcome;
  throw new FunctionError(
    "bad-answer",
    `the function's answer is not an outcome of a turn: ${excerpt(payload)}`,
  );
}

function decodeOutcome(payload: string): unknown {
  try {
    return decodeTurnOutcome(payload);
  } catch (error) {
    throw new FunctionError("bad-answer", `the function's answer is not JSON: ${excerpt(payload)}`, error);
  }
}

const DENIED =
  /AccessDenied|NotAuthorized|UnrecognizedClient|ExpiredToken|InvalidSignature|IncompleteSignature/;

/** Only the texts of Lambda's answer tell how a function died. */
function toFunctionError(functionError: string, payload: string): FunctionError {
  const { errorType, errorMessage } = parseError(payload);
  const text = `${errorType}: ${errorMessage}`;
  const message = `the function failed (${functionError}): `;
  // An error of the SDK's own requests: it names the role, and what that may not do.
  if (DENIED.test(errorType))
    return new FunctionError("crashed", `${message}AWS refused it a request (${errorType})`, new Error(text));
  return new FunctionError(codeOf(errorType, errorMessage), message + excerpt(text));
}

function codeOf(errorType: string, errorMessage: string): FunctionErrorCode {
  if (errorType === "Sandbox.Timedout" || /\bTask timed out after\b/.test(errorMessage)) return "timeout";
  if (errorType === "Runtime.OutOfMemory" || errorMessage.includes("signal: killed")) return "out-of-memory";
  if (errorType === "Function.ResponseSizeTooLarge") return "too-large";
  if (INIT_ERROR.test(errorType)) return "init";
  // `Runtime.ExitError`, or an exception that got past the SDK.
  return "crashed";
}

function parseError(payload: string): { errorType: string; errorMessage: string } {
  try {
    const { errorType, errorMessage } = JSON.parse(payload) as Record<string, unknown>;
    return {
      errorType: typeof errorType === "string" ? errorType : "unknown",
      errorMessage: typeof errorMessage === "string" ? errorMessage : "",
    };
  } catch {
    return { errorType: "unknown", errorMessage: payload };
  }
}

const excerpt = (text: string): string => text.slice(0, EXCERPT_CHARS_MAX);
