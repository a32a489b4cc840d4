/** Reads what a server has answered: JSON of an unknown shape, each field looked at once. */

/** The other side has answered something else than it should have: it is no server of this version, or not one at all. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
}

/** Throws {@link AnswerError}, or what a subclass throws, if a field is not what it should be. */
export class AnswerFields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #what: string;

  constructor(value: unknown, what: string) {
    this.#what = what;
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw this.unexpected(`the server's answer cannot be read: ${what} is not an object`);
    this.#values = value as Record<string, unknown>;
  }

  /** What is thrown. */
  protected unexpected(message: string): Error {
    return new AnswerError(message);
  }

  /** Every field, as it was answered. */
  get raw(): Readonly<Record<string, unknown>> {
    return this.#values;
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#refuse(name, "a text");
  }

  /** `undefined`: absent, or null. */
  optionalText(name: string): string | undefined {
    const value = this.#values[name] ?? undefined;
    if (value !== undefined && typeof value !== "string") return this.#refuse(name, "a text");
    return value;
  }

  number(name: string): number {
    return this.optionalNumber(name) ?? this.#refuse(name, "a number");
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#values[name] ?? undefined;
    if (value !== undefined && typeof value !== "number") return this.#refuse(name, "a number");
    return value;
  }

  /** Absent: false. */
  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** Absent: empty. */
  list(name: string): readonly unknown[] {
    const value = this.#values[name] ?? [];
    return Array.isArray(value) ? value : this.#refuse(name, "a list");
  }

  /** Absent: empty. */
  objects(name: string): this[] {
    return this.list(name).map((value, index) => this.#inner(value, `${name}[${index}]`));
  }

  /** A map of texts. Absent: empty. */
  texts(name: string): Readonly<Record<string, string>> {
    const entries = Object.entries(this.object(name)?.raw ?? {});
    return Object.fromEntries(
      entries.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    );
  }

  /** `undefined`: absent, or null. */
  object(name: string): this | undefined {
    const value = this.#values[name] ?? undefined;
    return value === undefined ? undefined : this.#inner(value, name);
  }

  #inner(value: unknown, name: string): this {
    const Own = this.constructor as new (value: unknown, what: string) => this;
    return new Own(value, `${this.#what}.${name}`);
  }

  #refuse(name: string, wanted: string): never {
    throw this.unexpected(`the server's answer cannot be read: ${this.#what}.${name} is not ${wanted}`);
  }
}
