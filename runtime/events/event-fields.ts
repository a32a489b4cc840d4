/** Reads fields of an event whose shape is unknown: each is looked at once, here. */
import { isReservedHeader } from "../../lib/model/header-names.ts";
import { EventShapeError } from "./source-record.ts";

export type EventFields = Readonly<Record<string, unknown>>;

export const isEventFields = (value: unknown): value is EventFields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `{}` for what is none. */
export const fieldsIn = (value: unknown): EventFields => (isEventFields(value) ? value : {});

export const textField = (fields: EventFields, name: string): string | undefined => {
  const value = fields[name];
  return typeof value === "string" ? value : undefined;
};

export const numberField = (fields: EventFields, name: string): number | undefined => {
  const value = fields[name];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
};

export const listField = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Throws {@link EventShapeError} if the field is not a text. */
export function mustText(fields: EventFields, name: string, where: string): string {
  const value = textField(fields, name);
  if (value === undefined || value === "") throw new EventShapeError(`${where}.${name} is not a text`);
  return value;
}

/** A sequence number: digits, as a text. Throws {@link EventShapeError}. */
export function mustDigits(fields: EventFields, name: string, where: string): string {
  const value = mustText(fields, name, where);
  if (!/^\d{1,64}$/u.test(value)) throw new EventShapeError(`${where}.${name} is not a number`);
  return value;
}

/** `undefined`: not JSON, or no object. */
export function objectInText(text: string): EventFields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isEventFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `undefined`: not base64. Compared as a whole: a pattern over some megabytes would not fit on the stack. */
export function bytesInBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? new Uint8Array(bytes) : undefined;
}

export const bytesOfText = (text: string): Uint8Array => new TextEncoder().encode(text);

/** `undefined`: not UTF-8. */
export function textOfBytes(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The last part of an ARN: `arn:aws:sqs:eu-west-1:123456789012:orders` names `orders`. */
export const nameInArn = (arn: string): string => arn.split(":").slice(5).join(":");

/** Milliseconds of an ISO time; `undefined` for what is none. */
export function timeIn(text: string | undefined): number | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Headers of a record with names in lower case, without the engine's. Of a name that comes twice the last one counts. */
export class RecordHeaders {
  readonly #headers = new Map<string, string>();

  add(name: string, value: string | number | undefined): this {
    const lower = name.toLowerCase();
    if (value !== undefined && lower !== "" && !isReservedHeader(lower))
      this.#headers.set(lower, String(value));
    return this;
  }

  get(name: string): string | undefined {
    return this.#headers.get(name);
  }

  all(): Record<string, string> {
    return Object.fromEntries(this.#headers);
  }
}
