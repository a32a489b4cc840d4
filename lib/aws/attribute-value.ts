/**
 * Values as DynamoDB spells them. This is instead of `@aws-sdk/util-dynamodb`: sets and big numbers are never stored, and the
 * handler's cold start pays for every module that it loads.
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Attributes } from "../model/item.ts";
import type { Value } from "../model/value.ts";
import { DYNAMO_NUMBER_MAX, DYNAMO_NUMBER_MIN } from "../limits/aws.ts";

/** Throws `TypeError` for `undefined`, which is not a value, and for numbers that DynamoDB cannot hold. */
export function toAttributeValue(value: Value | undefined): AttributeValue {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: toNumberText(value) };
  if (typeof value === "boolean") return { BOOL: value };
  if (typeof value === "object") return toDocument(value);
  throw new TypeError(`a value of type ${typeof value} cannot be stored`);
}

function toDocument(value: Exclude<Value, string | number | boolean>): AttributeValue {
  if (value === null) return { NULL: true };
  // A plain view of the same bytes: the serializer must not meet a Buffer's own methods.
  if (value instanceof Uint8Array) {
    return { B: new Uint8Array(value.buffer, value.byteOffset, value.byteLength) };
  }
  if (Array.isArray(value)) return { L: value.map(toAttributeValue) };
  return { M: toAttributeMap(value) };
}

function toNumberText(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude === 0) return "0";
  if (!(magnitude < DYNAMO_NUMBER_MAX && magnitude >= DYNAMO_NUMBER_MIN)) {
    throw new TypeError(`the number ${value} cannot be stored`);
  }
  return String(value);
}

/** Throws as {@link toAttributeValue} does. */
export function toAttributeMap(values: Attributes): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toAttributeValue(value)]));
}

/** Throws `TypeError` for a type that Perdure never stores: another program has written the item. */
export function fromAttributeValue(attribute: AttributeValue): Value {
  if (attribute.S !== undefined) return attribute.S;
  if (attribute.N !== undefined) return Number(attribute.N);
  if (attribute.BOOL !== undefined) return attribute.BOOL;
  if (attribute.NULL !== undefined) return null;
  // A copy: the SDK may answer a view of a buffer that it shares with other answers.
  if (attribute.B !== undefined) return new Uint8Array(attribute.B);
  if (attribute.L !== undefined) return attribute.L.map(fromAttributeValue);
  if (attribute.M !== undefined) return fromAttributeMap(attribute.M);
  throw new TypeError(`an attribute of type ${Object.keys(attribute).join()} is none of Perdure's`);
}

/** The inverse of {@link toAttributeMap}. */
export function fromAttributeMap(attributes: Record<string, AttributeValue>): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, held]) => [name, fromAttributeValue(held)]),
  );
}
