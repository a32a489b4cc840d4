/** Reads what a server has answered: JSON of an unknown shape, each field looked at once. */
import { CommandError } from "./exit.ts";

/** Throws {@link CommandError} if a field is not what it should be: the other side is no server of this version, or not one at all. */
export class AnswerFields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #what: string;

  constructor(value: unknown, what: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw unexpected(what, "an object");
    this.#values = value as Record<string, unknown>;
    this.#what = what;
  }

  /** Every field, as it was answered. */
  get raw(): Readonly<Record<string, unknown>> {
    return this.#values;
  }

  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) throw unexpected(`${this.#what}.${name}`, "a text");
    return value;
  }

  /** `undefined`: absent, or null. */
  optionalText(name: string): string | undefined {
    const value = this.#values[name] ?? undefined;
    if (value !== undefined && typeof value !== "string") throw unexpected(`${this.#what}.${name}`, "a text");
    return value;
  }

  number(name: string): number {
    const value = this.optionalNumber(name);
    if (value === undefined) throw unexpected(`${this.#what}.${name}`, "a number");
    return value;
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#values[name] ?? undefined;
    if (value !== undefined && typeof value !== "number")
      throw unexpected(`${this.#what}.${name}`, "a number");
    return value;
  }

  /** Absent: false. */
  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** Absent: empty. */
  list(name: string): readonly unknown[] {
    const value = this.#values[name] ?? [];
    if (!Array.isArray(value)) throw unexpected(`${this.#what}.${name}`, "a list");
    return value;
  }

  /** Absent: empty. */
  objects(name: string): AnswerFields[] {
    return this.list(name).map((value, index) => new AnswerFields(value, `${this.#what}.${name}[${index}]`));
  }

  /** A map of texts. Absent: empty. */
  texts(name: string): Readonly<Record<string, string>> {
    const entries = Object.entries(this.object(name)?.raw ?? {});
    return Object.fromEntries(
      entries.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    );
  }

  /** `undefined`: absent, or null. */
  object(name: string): AnswerFields | undefined {
    const value = this.#values[name] ?? undefined;
    return value === undefined ? undefined : new AnswerFields(value, `${this.#what}.${name}`);
  }
}

const unexpected = (what: string, wanted: string): CommandError =>
  new CommandError(`the server's answer cannot be read: ${what} is not ${wanted}`);
