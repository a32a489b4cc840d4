/** Packed data comes back as it was, and bytes that are something else are refused. */
import { serialize } from "node:v8";
import fc from "fast-check";
import { expect, test } from "vitest";
import { copyOf } from "../../../lib/model/copy.ts";
import { isPacked, pack, unpack } from "../../../lib/packed.ts";

const anyText = fc.oneof(fc.string({ unit: "binary", maxLength: 100 }), fc.string({ maxLength: 100 }));
const anyData = fc.letrec((tie) => ({
  data: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    anyText,
    fc.integer(),
    fc.integer({ min: 0, max: 130 }),
    fc.double(),
    fc.constantFrom(
      null,
      true,
      false,
      -0,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 53 - 1,
      Number.NaN,
      Infinity,
      "\ud800",
      "",
    ),
    fc.uint8Array({ maxLength: 100 }),
    fc.array(tie("data"), { maxLength: 40 }),
    fc.dictionary(anyText, tie("data"), { maxKeys: 8 }),
  ),
})).data;

test("whatever is plain data comes back as it was", () => {
  fc.assert(
    fc.property(anyData, (data) => {
      const bytes = pack(data);
      expect(isPacked(bytes)).toBe(true);
      expect(unpack(bytes)).toEqual(copyOf(data));
    }),
    { numRuns: 500 },
  );
});

test("bytes that are cut, or changed, are refused or are other data: nothing else happens", () => {
  fc.assert(
    fc.property(anyData, fc.nat(), fc.integer({ min: 0, max: 255 }), (data, at, byte) => {
      const bytes = pack(data);
      expect(() => unpack(bytes.subarray(0, bytes.length - 1))).toThrow(TypeError);
      bytes[at % bytes.length] = byte;
      try {
        unpack(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
      }
    }),
    { numRuns: 500 },
  );
});

test("long texts, lists and byte arrays of every length around a bound", () => {
  for (const length of [0, 30, 31, 32, 33, 62, 63, 64, 65, 127, 128, 16_383, 16_384, 200_000]) {
    const data = ["a".repeat(length), "ü".repeat(length), new Uint8Array(length).fill(7)];
    expect(unpack(pack(data))).toEqual(data);
  }
  const list = Array.from({ length: 20_000 }, (_, index) => index);
  expect(unpack(pack(list))).toEqual(list);
});

test("undefined stays in a list, and is left out of a map", () => {
  expect(unpack(pack([undefined, 1]))).toEqual([undefined, 1]);
  expect(Object.keys(unpack(pack({ a: undefined, b: 1 })) as object)).toEqual(["b"]);
});

test("a name like __proto__ is a name like any other", () => {
  const data: unknown = JSON.parse('{"__proto__": {"x": 1}, "constructor": "y"}');
  const read = unpack(pack(data)) as object;
  expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  expect(Object.entries(read)).toEqual(Object.entries(data as object));
});

test("what is read shares nothing with the bytes, and each kind of byte array becomes a Uint8Array", () => {
  const bytes = pack({
    short: Buffer.from("abc"),
    long: Buffer.alloc(100, 1),
    words: new Uint16Array([1, 2]),
  });
  const read = unpack(bytes) as Record<string, Uint8Array>;
  bytes.fill(0);
  for (const held of Object.values(read)) expect(Object.getPrototypeOf(held)).toBe(Uint8Array.prototype);
  expect(read["short"]).toEqual(new Uint8Array([97, 98, 99]));
  expect(read["long"]).toEqual(new Uint8Array(100).fill(1));
  expect(read["words"]).toEqual(new Uint8Array([1, 0, 2, 0]));
});

test.each([
  ["a function", () => 1],
  ["a bigint", 1n],
  ["a Map", new Map()],
  ["a Date", new Date()],
  ["an Error", new Error("x")],
])("%s is not plain data", (_, data) => {
  expect(() => pack([data])).toThrow(/is not plain data/);
});

test("after a failure, the next data is packed as ever", () => {
  expect(() => pack(["x".repeat(1000), 1n])).toThrow(TypeError);
  expect(unpack(pack("y"))).toBe("y");
});

test("data that packs something while it is packed", () => {
  const data = {
    get inner() {
      return pack("inner");
    },
    after: "after",
  };
  expect(unpack(pack(data))).toEqual({ inner: pack("inner"), after: "after" });
});

test("what is nested too deep is refused by an error that can be caught", () => {
  let deep: unknown = 1;
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  expect(() => pack(deep)).toThrow(RangeError);
  expect(() => unpack(new Uint8Array(1_000_000).fill(0xc1).fill(1, 0, 1))).toThrow(RangeError);
});

test("data of node:v8 is told apart", () => {
  expect(isPacked(serialize({ a: 1 }))).toBe(false);
  expect(() => unpack(serialize({ a: 1 }))).toThrow(TypeError);
});
