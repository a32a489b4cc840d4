/** A body in the event of a Lambda function: what fits there by its length and not as a text is refused, with words, wherever it runs. */
import { describe, expect, test } from "vitest";
import { PAYLOAD_BYTES_MAX, TEXT_EVENT_BYTES_MAX } from "../../../lib/limits.ts";
import { bytesInEvent, isTextInEvent } from "../../../runtime/http/event-size.ts";
import { payloadOf } from "../../../runtime/ingress/request.ts";

const LAMBDA_REQUEST_BYTES = 6 * 1024 * 1024;
/** `["","",…]` of the greatest length: two thirds of it are quotes. */
const WORST_JSON = Buffer.alloc(PAYLOAD_BYTES_MAX, '"",');
const request = (body: Uint8Array, contentType?: string) => ({
  ...{ method: "POST", path: "/S/h", query: new URLSearchParams(), body },
  headers: contentType === undefined ? {} : { "content-type": contentType },
});

test("its length is that of the JSON text which an HTTP API writes", () => {
  for (const text of ["plain ä 漢 😀 /", 'a"b\\c', "\b\t\n\f\r", "\u0000\u001f\u007f", ""]) {
    const bytes = new TextEncoder().encode(text);
    expect(bytesInEvent(bytes, 0)).toBe(Buffer.byteLength(JSON.stringify(text)) - 2);
  }
});

describe("the worst JSON of 4 MiB", () => {
  test("does not fit the request of a Lambda function", () => {
    const event = { body: WORST_JSON.toString(), isBase64Encoded: false };
    expect(Buffer.byteLength(JSON.stringify(event))).toBeGreaterThan(LAMBDA_REQUEST_BYTES);
  });

  test.each(["application/json", "application/json; charset=utf-8", "text/plain"])(
    "is refused as %s",
    (type) => {
      expect(() => payloadOf(request(WORST_JSON, type))).toThrow(
        /count twice; at most 6225920 are supported there/,
      );
    },
  );

  test("is taken where it comes in base64, as octets or as a type of one's own", () => {
    for (const type of ["application/octet-stream", "application/x-own", undefined])
      expect(payloadOf(request(WORST_JSON, type))).toHaveLength(PAYLOAD_BYTES_MAX);
    const event = { body: WORST_JSON.toString("base64"), isBase64Encoded: true };
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(LAMBDA_REQUEST_BYTES - 64 * 1024);
  });
});

test("what is taken fits, with 64 KB besides", () => {
  const records = JSON.stringify(
    Array.from({ length: 40_000 }, (_, id) => ({
      id,
      name: `customer ${id}`,
      note: "a usual line of text, as records have",
    })),
  );
  const body = Buffer.from(records.slice(0, PAYLOAD_BYTES_MAX));
  expect(payloadOf(request(body, "application/json"))).toBe(body);
  expect(Buffer.byteLength(JSON.stringify(body.toString()))).toBeLessThan(TEXT_EVENT_BYTES_MAX);
  const half = Buffer.alloc(TEXT_EVENT_BYTES_MAX / 2, '"');
  expect(payloadOf(request(half, "text/plain"))).toBe(half);
  expect(() => payloadOf(request(Buffer.alloc(TEXT_EVENT_BYTES_MAX / 2 + 1, '"'), "text/plain"))).toThrow(
    "count twice",
  );
});

test("texts are what AWS documents as texts; what names no type is taken", () => {
  expect(["text/csv", "application/json", "Application/XML; a=b"].map(isTextInEvent)).toEqual([
    true,
    true,
    true,
  ]);
  expect(["application/octet-stream", "application/x-json", undefined].map(isTextInEvent)).toEqual([
    false,
    false,
    false,
  ]);
});
