/** How values become bytes and back. */
import { schemaSerde } from "./schema-serde.ts";

export interface Serde<T> {
  readonly contentType?: string;
  readonly jsonSchema?: object;
  /** How tools may show and edit a value as JSON. Accepted, and without effect: none of ours asks for it. */
  readonly preview?: {
    toJsonString(value: T): Promise<string> | string;
    fromJsonString(json: string): Promise<T> | T;
  };
  serialize(value: T): Uint8Array;
  /** May throw on bytes it does not understand. */
  deserialize(data: Uint8Array): T;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

class JsonSerde<T> implements Serde<T> {
  readonly contentType = "application/json";
  readonly jsonSchema?: object;

  constructor(jsonSchema?: object) {
    if (jsonSchema !== undefined) this.jsonSchema = jsonSchema;
  }

  /** `undefined` becomes no bytes. Throws `TypeError` for what JSON cannot hold. */
  serialize(value: T): Uint8Array {
    if (value === undefined) return new Uint8Array(0);
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) throw new TypeError(`a ${typeof value} cannot be serialised as JSON`);
    return encoder.encode(text);
  }

  deserialize(data: Uint8Array): T {
    if (data.byteLength === 0) return undefined as T;
    return JSON.parse(decoder.decode(data)) as T;
  }
}

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

/** JSON, for whatever type the caller knows it to be. */
export const jsonSerde = <T>(): Serde<T> => json as Serde<T>;
