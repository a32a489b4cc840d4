/** How values become bytes and back: as JSON, as JSON that a schema validates, as they are, or not at all. */

import { JSON_DEPTH_MAX } from "../lib/limits.ts";

export interface Serde<T> {
  readonly contentType?: string;
  readonly jsonSchema?: object;
  /** How tools may show and edit a value as JSON. Accepted, and without effect. */
  readonly preview?: {
    toJsonString(value: T): Promise<string> | string;
    fromJsonString(json: string): Promise<T> | T;
  };
  serialize(value: T): Uint8Array;
  /** May throw on bytes that it does not understand. */
  deserialize(data: Uint8Array): T;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

let isInput = false;

/** Reads an input, which a stranger may have written: JSON with more levels than can be written again is a `TypeError`. */
export function deserializeInput<T>(by: Serde<T>, data: Uint8Array): T {
  isInput = true;
  try {
    return by.deserialize(data);
  } finally {
    isInput = false;
  }
}

function parsed(data: Uint8Array): unknown {
  const value: unknown = JSON.parse(decoder.decode(data));
  if (isInput && data.byteLength > JSON_DEPTH_MAX) assertDepth(value, JSON_DEPTH_MAX);
  return value;
}

function assertDepth(value: unknown, levels: number): void {
  if (typeof value !== "object" || value === null) return;
  if (levels === 0)
    throw new TypeError(`its JSON has more than ${JSON_DEPTH_MAX} levels of lists and objects`);
  if (Array.isArray(value)) for (const part of value) assertDepth(part, levels - 1);
  else for (const name in value) assertDepth((value as Record<string, unknown>)[name], levels - 1);
}

class JsonSerde<T> implements Serde<T> {
  readonly contentType = "application/json";
  readonly jsonSchema?: object;

  constructor(jsonSchema?: object) {
    if (jsonSchema !== undefined) this.jsonSchema = jsonSchema;
  }

  /** `undefined` becomes no bytes. Throws `TypeError` for a value that JSON cannot hold. */
  serialize(value: T): Uint8Array {
    if (value === undefined) return new Uint8Array(0);
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) throw new TypeError(`a ${typeof value} cannot be serialised as JSON`);
    return encoder.encode(text);
  }

  deserialize(data: Uint8Array): T {
    if (data.byteLength === 0) return undefined as T;
    return parsed(data) as T;
  }
}

// --- Standard Schema (zod, valibot, arktype and others implement it; none is needed here) ---

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
type Result<O> = { readonly value: O; readonly issues?: undefined } | { readonly issues: readonly Issue[] };
type Convert = (options: {
  readonly target: string;
  readonly libraryOptions?: Record<string, unknown> | undefined;
}) => Record<string, unknown>;

/** What this package uses of https://standardschema.dev, version 1. */
export interface StandardSchema<I = unknown, O = I> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: I; readonly output: O } | undefined;
    readonly validate: (
      value: unknown,
      options?: { readonly libraryOptions?: Record<string, unknown> | undefined },
    ) => Result<O> | Promise<Result<O>>;
    /** Standard JSON Schema, where the library has it. */
    readonly jsonSchema?: { readonly input: Convert; readonly output: Convert };
  };
}
export type SchemaOutput<S extends StandardSchema> = NonNullable<S["~standard"]["types"]>["output"];

type LibraryOptions = Record<string, unknown>;

const JSON_SCHEMA_TARGET = "draft-2020-12";
class SchemaSerde<S extends StandardSchema> implements Serde<SchemaOutput<S>> {
  readonly contentType?: string;
  readonly jsonSchema?: object;
  readonly #schema: S;
  readonly #validateOptions: { readonly libraryOptions?: LibraryOptions };

  constructor(schema: S, validateOptions?: LibraryOptions, jsonSchemaOptions?: LibraryOptions) {
    this.#schema = schema;
    this.#validateOptions = validateOptions === undefined ? {} : { libraryOptions: validateOptions };
    const jsonSchema = jsonSchemaOf(schema, jsonSchemaOptions);
    if (jsonSchema !== undefined) this.jsonSchema = jsonSchema;
    if (!acceptsOnlyNothing(schema)) this.contentType = "application/json";
  }

  /** A value that a handler returns is not validated. */
  serialize(value: SchemaOutput<S>): Uint8Array {
    if (value === undefined) return new Uint8Array(0);
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) throw new TypeError(`a ${typeof value} cannot be serialised as JSON`);
    return encoder.encode(text);
  }

  /** Throws a `TypeError` that lists what the schema refused. */
  deserialize(data: Uint8Array): SchemaOutput<S> {
    const value = data.byteLength === 0 ? undefined : parsed(data);
    const result = this.#schema["~standard"].validate(value, this.#validateOptions);
    if (result instanceof Promise) {
      throw new TypeError("the schema validates asynchronously; a serde needs one that does not");
    }
    if (result.issues) {
      throw new TypeError(`Standard schema validation failed:\n${result.issues.map(describe).join("\n")}`);
    }
    return result.value;
  }
}

function describe({ message, path = [] }: Issue): string {
  const at = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
  return `* ${at === "" ? "" : `(at /${at.replaceAll(".", "/")}) `}${message}`;
}

/** Whether a serde writes JSON as it is written here. */
export const isJson = (serde: object): boolean => serde instanceof JsonSerde || serde instanceof SchemaSerde;

/** For discovery. Absent if the library makes none, or if JSON Schema cannot express it. */
function jsonSchemaOf(
  schema: StandardSchema,
  libraryOptions: LibraryOptions | undefined,
): object | undefined {
  try {
    return schema["~standard"].jsonSchema?.output({ target: JSON_SCHEMA_TARGET, libraryOptions });
  } catch {
    return undefined;
  }
}

/** A schema of `void` or `undefined`. Its value has no content, and so no content type. */
function acceptsOnlyNothing(schema: StandardSchema): boolean {
  const accepts = (value: unknown): boolean => {
    try {
      const result = schema["~standard"].validate(value);
      return !(result instanceof Promise) && result.issues === undefined;
    } catch {
      return false;
    }
  };
  return accepts(undefined) && ![null, {}, [], "", 0, false].some(accepts);
}

/** JSON, validated when it is read. Options go to the schema's library. */
const schemaSerde = <S extends StandardSchema>(
  schema: S,
  validateOptions?: LibraryOptions,
  jsonSchemaOptions?: LibraryOptions,
): Serde<SchemaOutput<S>> => new SchemaSerde(schema, validateOptions, jsonSchemaOptions);

const binary: Serde<Uint8Array> = {
  contentType: "application/octet-stream",
  serialize: (value) => value,
  deserialize: (data) => data,
};

const empty: Serde<void> = {
  serialize: () => new Uint8Array(0),
  deserialize: () => undefined,
};

const json: Serde<unknown> & { schema<T>(jsonSchema: object): Serde<T> } = Object.assign(
  new JsonSerde<unknown>(),
  {
    /** JSON, with a schema for discovery; it is not validated. */
    schema: <T>(jsonSchema: object): Serde<T> => new JsonSerde<T>(jsonSchema),
  },
);

export const serde = { json, binary, empty, schema: schemaSerde };

/** JSON, for the type that the caller states. */
export const jsonSerde = <T>(): Serde<T> => json as Serde<T>;
