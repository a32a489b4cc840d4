/**
 * Makes anything loggable: plain JSON data of a bounded size, without credentials.
 *
 * Errors are shown with name, message, stack, code, cause and their other fields, wherever they stand. It never throws,
 * whatever it is given: a circle, a `BigInt`, a getter or a `toJSON` that throws, a revoked proxy. What is left out is
 * marked in its place.
 */
import {
  LOGGED_DEPTH_MAX,
  LOGGED_ITEMS_MAX,
  LOGGED_TEXT_CHARS_MAX,
  LOGGED_VALUE_CHARS,
  LOG_LINE_CHARS_MAX,
} from "../limits.ts";
import { withShownIds } from "../model/shown-id.ts";
import { isSecretName, REDACTED, withoutSecrets } from "./redaction.ts";

export type Loggable = null | boolean | number | string | readonly Loggable[] | LoggableFields;
export interface LoggableFields {
  readonly [name: string]: Loggable;
}

/** What a log line says, in a size that is bounded altogether. A field that is `undefined` is left out. */
export function loggable(
  message: string,
  fields: Readonly<Record<string, unknown>>,
): { readonly message: string; readonly fields: LoggableFields } {
  const line = new Loggables();
  return { message: line.text(message), fields: line.fieldsOf(fields, Object.keys(fields)) };
}

/** What is shown of errors, in this order. Most of them are not enumerable. */
const ERROR_FIELDS = ["name", "message", "code", "stack", "cause", "errors"];

/** One log line's values. The objects above the one that is looked at are remembered, and so is what is left of the size. */
class Loggables {
  readonly #above: object[] = [];
  #charsLeft = LOG_LINE_CHARS_MAX;

  get #isFull(): boolean {
    return this.#charsLeft <= 0;
  }

  fieldsOf(holder: object, names: readonly string[]): LoggableFields {
    const entries: [string, Loggable][] = [];
    for (const [index, name] of names.entries()) {
      if (index === LOGGED_ITEMS_MAX || this.#isFull) {
        entries.push(["…", `${names.length - index} more`]);
        break;
      }
      const value = isSecretName(name) ? REDACTED : read(holder, name);
      if (value !== undefined) entries.push([this.text(name), this.of(value)]);
    }
    return Object.fromEntries(entries);
  }

  of(value: unknown): Loggable {
    this.#charsLeft -= LOGGED_VALUE_CHARS;
    if (this.#isFull) return "[left out]";
    switch (typeof value) {
      case "string":
        return this.text(value);
      case "number":
        return Number.isFinite(value) ? value : String(value);
      case "boolean":
        return value;
      case "object":
        return value === null ? null : this.#object(value);
      case "undefined":
        return null;
      case "bigint":
      case "symbol":
        return this.text(String(value));
      case "function":
        return "[function]";
    }
  }

  text(text: string): string {
    const most = Math.max(0, Math.min(LOGGED_TEXT_CHARS_MAX, this.#charsLeft));
    // Searched before it is cut: half of a header would not be recognised.
    const safe = withShownIds(withoutSecrets(text.slice(0, 2 * LOGGED_TEXT_CHARS_MAX)));
    this.#charsLeft -= Math.min(safe.length, most);
    return safe.length <= most ? safe : `${safe.slice(0, most)}… (${text.length} characters)`;
  }

  #object(value: object): Loggable {
    if (this.#above.includes(value)) return "[circular]";
    if (this.#above.length >= LOGGED_DEPTH_MAX) return "[too deep]";
    this.#above.push(value);
    try {
      return this.#content(value);
    } catch (error) {
      return `[cannot be shown: ${this.text(textOf(error))}]`;
    } finally {
      this.#above.pop();
    }
  }

  #content(value: object): Loggable {
    if (isError(value)) return this.fieldsOf(value, [...ERROR_FIELDS, ...ownFieldsOf(value)]);
    if (Array.isArray(value)) return this.#list(value);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof Map || value instanceof Set) return this.#list([...value]);
    const { toJSON } = value as { readonly toJSON?: unknown };
    if (typeof toJSON === "function") return this.of(toJSON.call(value));
    return this.fieldsOf(value, Object.keys(value));
  }

  /** In a list that names headers, what follows a name is its value. */
  #list(values: readonly unknown[]): Loggable {
    const shown: Loggable[] = [];
    for (const [index, value] of values.entries()) {
      if (index === LOGGED_ITEMS_MAX || this.#isFull) {
        shown.push(`… ${values.length - index} more`);
        break;
      }
      const before = index === 0 ? undefined : values[index - 1];
      shown.push(typeof before === "string" && isSecretName(before) ? REDACTED : this.of(value));
    }
    return shown;
  }
}

/** By its tag as well: an error of another realm, such as a test's, is no instance of this one's class. */
const isError = (value: object): boolean =>
  value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";

const ownFieldsOf = (error: object): string[] =>
  Object.keys(error).filter((name) => !ERROR_FIELDS.includes(name));

function read(holder: object, name: string): unknown {
  try {
    return (holder as Record<string, unknown>)[name];
  } catch (error) {
    return `[cannot be read: ${textOf(error)}]`;
  }
}

function textOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return "it throws what is not text";
  }
}
