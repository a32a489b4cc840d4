/** Where a scan continues: the key of the last item, as text. People pass it on, and may get it wrong. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { PARTITION_KEY, SORT_KEY } from "./expression.ts";
import { DYNAMO_PARTITION_KEY_BYTES_MAX, DYNAMO_SORT_KEY_BYTES_MAX } from "../limits/aws.ts";

type Key = Record<string, AttributeValue>;

export const cursorOf = (key: Key): string => JSON.stringify([key[PARTITION_KEY]?.S, key[SORT_KEY]?.S]);

/** Throws `RangeError` for a text that {@link cursorOf} has not made. */
export function startKeyOf(cursor: string): Key {
  const [pk, sk] = pairIn(cursor);
  if (!isKey(pk, DYNAMO_PARTITION_KEY_BYTES_MAX) || !isKey(sk, DYNAMO_SORT_KEY_BYTES_MAX)) {
    throw new RangeError("not a cursor of this list");
  }
  return { [PARTITION_KEY]: { S: pk }, [SORT_KEY]: { S: sk } };
}

function pairIn(cursor: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(cursor);
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}

const isKey = (text: unknown, bytesMax: number): text is string =>
  typeof text === "string" && text !== "" && Buffer.byteLength(text) <= bytesMax;
