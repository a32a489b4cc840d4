/** The playground: a form from a schema, what it lacks, and code that does the same whatever the names and values hold. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { faultsOf } from "../../../ui/pages/playground/check.ts";
import { cliOf, curlOf, definitionName, shellWord, typescriptOf } from "../../../ui/pages/playground/code.ts";
import { type Draft, hindrances, requestPath } from "../../../ui/pages/playground/request.ts";
import { beginning, fieldOf, type Schema, saysNothing } from "../../../ui/pages/playground/schema.ts";

const ORDER: Schema = {
  type: "object",
  required: ["cart", "lines"],
  properties: {
    cart: { type: "string", minLength: 1 },
    mail: { type: "string", format: "email" },
    size: { enum: ["s", "l"] },
    gift: { type: "boolean", default: false },
    lines: { type: "array", maxItems: 2, items: { $ref: "#/$defs/line" } },
    note: { anyOf: [{ type: "string" }, { type: "null" }] },
    odd: { oneOf: [{ type: "string" }, { type: "number" }] },
  },
  $defs: {
    line: {
      ...{ type: "object", required: ["sku"] },
      properties: { sku: { type: "string" }, quantity: { type: "integer", minimum: 1 } },
    },
  },
};

describe("a form", () => {
  const field = fieldOf(ORDER);
  test("has a field for each property, by its kind", () => {
    if (field.kind !== "object") throw new Error(field.kind);
    const kinds = Object.fromEntries(field.fields.map(({ name, field: inner }) => [name, inner.kind]));
    expect(kinds).toEqual({
      ...{ cart: "text", mail: "text", size: "choice", gift: "yes or no" },
      ...{ lines: "list", note: "text", odd: "json" },
    });
  });
  test("begins with what is required, and with presets", () => {
    expect(beginning(field)).toEqual({ cart: "", lines: [], gift: false });
  });
  test("of a schema that refers to itself ends", () => {
    const tree = { type: "object", properties: { child: { $ref: "#" } } };
    expect(JSON.stringify(fieldOf(tree))).toContain('"kind":"json"');
    expect(fieldOf({ $ref: "#" }).kind).toBe("json");
    expect(fieldOf({ $ref: "https://other.example/schema" }).kind).toBe("json");
  });
  test("is none where the schema says nothing", () => {
    expect(saysNothing({})).toBe(true);
    expect(saysNothing({ title: "Anything", description: "really" })).toBe(true);
    expect(saysNothing({ type: "string" })).toBe(false);
  });
});

describe("what an input lacks", () => {
  const said = (value: Parameters<typeof faultsOf>[1]) =>
    faultsOf(ORDER, value).map(({ path, message }) => `${path} ${message}`);
  test("nothing", () => expect(said({ cart: "c", lines: [{ sku: "s", quantity: 1 }] })).toEqual([]));
  test("fields, kinds, limits, formats, choices", () => {
    expect(said({ cart: "", mail: "ada@", size: "m", lines: [{ quantity: 0 }, { sku: 1 }, {}] })).toEqual([
      "cart is empty",
      "mail is no email address",
      'size is not one of "s", "l"',
      "lines has more than 2 items",
      "lines[0].sku is required",
      "lines[0].quantity is less than 1",
      "lines[1].sku is no string",
      "lines[2].sku is required",
    ]);
    expect(said("text")).toEqual([" is no object"]);
    expect(said({ cart: "c", lines: [], odd: true })).toEqual([
      "odd fits none of the 2 shapes that it may have",
    ]);
  });
});

const DRAFT: Draft = {
  ...{ service: "Order", handler: "checkout", type: "VirtualObject", handlerKind: "Exclusive" },
  ...{ key: "ord-1", how: "call", delay: "", idempotencyKey: "", headers: [] },
  ...{ input: '{"cart":"c-1"}', contentType: "application/json" },
};
const URL = "http://localhost:8080";

describe("code", () => {
  test("for curl", () => {
    expect(curlOf(DRAFT, `${URL}/`)).toBe(
      `curl http://localhost:8080/restate/call/Order/ord-1/checkout \\\n  --json '{"cart":"c-1"}'`,
    );
    const send: Draft = { ...DRAFT, how: "send", delay: "10s", input: "", headers: [["X-A", "b c"]] };
    expect(curlOf(send, URL)).toBe(
      `curl 'http://localhost:8080/restate/send/Order/ord-1/checkout?delay=10s' \\\n  -H 'x-a: b c' \\\n  -X POST`,
    );
  });
  test("for perdure", () => {
    expect(cliOf(DRAFT)).toBe(`perdure call Order/ord-1/checkout '{"cart":"c-1"}'`);
    expect(cliOf({ ...DRAFT, input: "-5" })).toBe("perdure call Order/ord-1/checkout -- -5");
    expect(cliOf({ ...DRAFT, input: "@x", contentType: "text/plain" })).toBe(
      "printf %s @x | perdure call --content-type text/plain Order/ord-1/checkout -",
    );
    expect(cliOf({ ...DRAFT, how: "send", delay: "1h 30m", idempotencyKey: "k", input: "" })).toBe(
      "perdure send --delay '1h 30m' --idempotency-key k Order/ord-1/checkout",
    );
  });
  test("for TypeScript", () => {
    expect(typescriptOf({ ...DRAFT, how: "send", delay: "5m", headers: [["x-a", "b"]] }, URL)).toBe(
      [
        'import { connect, options } from "perdure/client";',
        'import type { order } from "./services.ts";',
        "",
        'const client = connect({ url: "http://localhost:8080" });',
        "const sent = await client",
        '  .objectSendClient<typeof order>({ name: "Order" }, "ord-1")',
        '  .checkout({ cart: "c-1" }, options({ headers: { "x-a": "b" }, delay: { minutes: 5 } }));',
      ].join("\n"),
    );
    expect(["Order", "bank-account", "new", "日本"].map(definitionName)).toEqual([
      "order",
      "bankAccount",
      "definition",
      "definition",
    ]);
  });
});

describe("hostile names and values", () => {
  const HOSTILE = fc.oneof(
    fc.constantFrom(
      "'; touch /tmp/x; '",
      "$(id)",
      "`id`",
      "\\",
      "!!",
      "a\nb",
      "-rf",
      "@/etc/passwd",
      "\u202Eabc",
    ),
    fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
  );
  test("are one word of a shell", () => {
    const words = [
      "",
      "plain",
      "a b",
      "'",
      "''",
      "$(echo no)",
      "`x`",
      "a\nb",
      "ü🎄",
      "\\",
      "!",
      "-x",
      "~",
      "*",
      "#",
    ];
    const echoed = execFileSync("sh", ["-c", `printf '%s\\001' ${words.map(shellWord).join(" ")}`], {
      encoding: "utf8",
    });
    expect(echoed.split("\u0001").slice(0, -1)).toEqual(words);
    fc.assert(
      fc.property(HOSTILE, (text) => {
        const word = shellWord(text);
        const isPlain = /^[\w@%+=:,./-]+$/u.test(word);
        expect(isPlain ? word : word.slice(1, -1).replaceAll(`'\\''`, "'")).toBe(text);
        if (!isPlain) expect(word.replaceAll(`'\\''`, "").slice(1, -1)).not.toContain("'");
      }),
    );
  });
  test("arrive as they are", () => {
    const key = `a'b/..?#"$(id)\u202E`;
    const input = String.raw`{"__proto__":"'","text":"\u0000\u2028\n'"}`;
    const draft: Draft = { ...DRAFT, key, input };
    expect(decodeURIComponent(requestPath(draft).split("/")[4] ?? "")).toBe(key);
    // What the shell makes of it is what curl and perdure get.
    const args = (code: string): string[] =>
      execFileSync("sh", ["-c", `curl() { printf '%s\\001' "$@"; }; perdure() { curl "$@"; }; ${code}`], {
        encoding: "utf8",
      })
        .split("\u0001")
        .slice(0, -1);
    const [url, flag, body] = args(curlOf(draft, URL));
    expect([url, flag]).toEqual([`${URL}${requestPath(draft)}`, "--json"]);
    expect(JSON.parse(body ?? "")).toEqual(JSON.parse(draft.input));
    const [verb, target, given] = args(cliOf(draft));
    expect([verb, target]).toEqual(["call", `Order/${key}/checkout`]);
    expect(JSON.parse(given ?? "")).toEqual(JSON.parse(draft.input));
  });
  test("are texts and names of TypeScript", () => {
    const input = String.raw`{"__proto__":{"a-b":"\u2028'${"`"}$"},"ok":[1,null]}`;
    const code = typescriptOf({ ...DRAFT, service: 'X"];', handler: 'a"b', input }, URL);
    expect(code).toContain(
      String.raw`["a\"b"]({ ["__proto__"]: { "a-b": "\u2028'${"`"}$" }, ok: [1, null] })`,
    );
    expect(code).toContain(String.raw`{ name: "X\"];" }`);
  });
});

test("what keeps a request from being sent", () => {
  expect(hindrances(DRAFT)).toEqual([]);
  expect(hindrances({ ...DRAFT, key: "" })).toHaveLength(1);
  expect(hindrances({ ...DRAFT, key: ".." })).toHaveLength(1);
  expect(hindrances({ ...DRAFT, how: "send", delay: "soon" })).toHaveLength(1);
  expect(hindrances({ ...DRAFT, delay: "soon" })).toEqual([]);
  expect(
    hindrances({
      ...DRAFT,
      headers: [
        ["a b", "c"],
        ["d", "ü"],
        ["", ""],
      ],
      idempotencyKey: "ü",
    }),
  ).toHaveLength(3);
});
