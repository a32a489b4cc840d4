// What `perdure call` and its relatives make of their arguments, and of an answer's bytes.
import { describe, expect, test } from "vitest";
import { headerFlags } from "../../../cli/calls/call.ts";
import { aboutNames } from "../../../cli/calls/explained.ts";
import { Deadline, refusedBy } from "../../../cli/calls/ingress-requests.ts";
import { inputOf } from "../../../cli/calls/input.ts";
import { soughtIn, viewOf } from "../../../cli/calls/results.ts";
import { handlerTarget, keyTarget, pathOfTarget } from "../../../cli/calls/target.ts";
import { targetText } from "../../../lib/model/target-text.ts";
import { UsageError } from "../../../cli/exit.ts";
import { AnswerFields } from "../../../cli/fields.ts";
import { PAYLOAD_BYTES_MAX } from "../../../lib/limits.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a target", () => {
  test.each([
    ["Greeter/greet", undefined, { service: "Greeter", handler: "greet" }],
    ["Counter/a/add", undefined, { service: "Counter", key: "a", handler: "add" }],
    ["Counter/a/b/add", undefined, { service: "Counter", key: "a/b", handler: "add" }],
    ["Counter//add", undefined, { service: "Counter", key: "", handler: "add" }],
    ["Counter/a%2Fb/add", undefined, { service: "Counter", key: "a%2Fb", handler: "add" }],
    ["Counter/add", "a/b ü", { service: "Counter", key: "a/b ü", handler: "add" }],
  ])("%s with the key %j", (text, key, target) => {
    expect(handlerTarget(text, key)).toEqual(target);
  });

  test.each([["Greeter"], ["/greet"], ["Greeter/"], [""], ["Counter/../add"]])("%j is none", (text) => {
    expect(() => handlerTarget(text)).toThrow(UsageError);
  });

  test("has one key", () => {
    expect(() => handlerTarget("Counter/a/add", "b")).toThrow('"a" in "Counter/a/add", and "b" by --key');
  });

  test("is encoded for the path, whatever the key is", () => {
    expect(pathOfTarget("call", handlerTarget("Counter/a/b %ü/add"))).toBe(
      "/restate/call/Counter/a%2Fb%20%25%C3%BC/add",
    );
    expect(pathOfTarget("send", handlerTarget("Greeter/greet"))).toBe("/restate/send/Greeter/greet");
    expect(targetText(handlerTarget("Counter/add", "a/b"))).toBe("Counter/a/b/add");
  });

  test("without a handler is a key", () => {
    expect(keyTarget("Counter/a/b")).toEqual({ service: "Counter", key: "a/b" });
    expect(keyTarget("Counter", "")).toEqual({ service: "Counter", key: "" });
    expect(() => keyTarget("Counter")).toThrow("names no key");
  });
});

describe("an invocation", () => {
  const of = (...args: Parameters<typeof soughtIn>) => soughtIn(...args).request("output");
  test("is named by its id, by a workflow's key or by an idempotency key", () => {
    expect(of("inv_1abc", {})).toEqual({ method: "GET", path: "/restate/output/inv_1abc" });
    expect(of("Signup/a/b", {})).toMatchObject({
      method: "POST",
      path: "/restate/output",
      body: JSON.stringify({ target: "workflow", workflowName: "Signup", workflowKey: "a/b" }),
    });
    expect(of("Counter/a/add", { idempotencyKey: "i" })).toMatchObject({
      body: JSON.stringify({
        ...{ target: "idempotentInvocation", service: "Counter", handler: "add", key: "a" },
        idempotencyKey: "i",
      }),
    });
  });

  test("what is no name of one is refused", () => {
    expect(() => soughtIn("abc", {})).toThrow("names no invocation");
    expect(() => soughtIn("Signup", { workflow: true })).toThrow("names no key");
  });
});

describe("an input", () => {
  const text = async (...args: Parameters<typeof inputOf>) => {
    const { body, contentType } = await inputOf(...args);
    return { body: new TextDecoder().decode(body), contentType };
  };
  async function* stdin(...chunks: string[]): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield await Promise.resolve(bytes(chunk));
  }

  test("is JSON, and stays as it was written", async () => {
    expect(await text('{"a": 1.0}', {})).toEqual({ body: '{"a": 1.0}', contentType: "application/json" });
    expect(await text("-", {}, stdin('{"a"', ":1}\n"))).toEqual({
      body: '{"a":1}\n',
      contentType: "application/json",
    });
    expect(await text(undefined, {})).toEqual({ body: "", contentType: undefined });
  });

  test("of another format is sent as it is", async () => {
    expect(await text("tea", { contentType: "text/plain" })).toEqual({
      body: "tea",
      contentType: "text/plain",
    });
  });

  test("that is no JSON is refused, with the way to write a text", async () => {
    await expect(text("tea", {})).rejects.toThrow(`'"tea"'`);
    await expect(text("-", {}, stdin("tea"))).rejects.toThrow("stdin is no JSON");
    await expect(text("@/nowhere/at/all.json", {})).rejects.toThrow("/nowhere/at/all.json cannot be read");
  });

  test("of a signal or an awakeable may be a text", async () => {
    expect(await text("tea", { bare: true })).toEqual({ body: '"tea"', contentType: "application/json" });
    expect(await text("5", { bare: true })).toEqual({ body: "5", contentType: "application/json" });
  });

  test("that never ends is given up", async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield await Promise.resolve(new Uint8Array(1024 * 1024));
    }
    await expect(text("-", {}, endless())).rejects.toThrow(`more than ${PAYLOAD_BYTES_MAX} bytes`);
  });
});

test("headers are written with = or as curl takes them", () => {
  expect(headerFlags(["X-Tenant=a=b", "traceparent: 00-1", "empty="])).toEqual({
    "x-tenant": "a=b",
    traceparent: "00-1",
    empty: "",
  });
  expect(() => headerFlags(["no value"])).toThrow(UsageError);
});

describe("an output", () => {
  const view = (body: Uint8Array, type?: string) =>
    viewOf({ body, headers: type === undefined ? {} : { "content-type": type } });
  test("is JSON, a text or bytes, as its content type says", () => {
    expect(view(bytes('{"a":1}'), "application/json; charset=utf-8")).toEqual({ output: { a: 1 } });
    expect(view(bytes("null"))).toEqual({ output: null });
    expect(view(bytes("5"), "text/plain")).toEqual({ output_text: "5" });
    expect(view(bytes("{"), "application/json")).toEqual({ output_text: "{" });
    expect(view(Uint8Array.of(255, 0), "application/json")).toEqual({ output_base64: "/wA=" });
    expect(view(new Uint8Array())).toEqual({});
  });
});

describe("a refusal", () => {
  const answer = (body: string) => ({ status: 418, headers: {}, body: bytes(body) });
  test("is read, whatever it is", () => {
    expect(refusedBy(answer('{"code":7,"message":"no","metadata":{"a":"b"}}'))).toEqual({
      ...{ code: 7, message: "no", metadata: { a: "b" } },
    });
    expect(refusedBy(answer("<html>"))).toEqual({ code: 418, message: "<html>" });
    expect(refusedBy(answer("null"))).toEqual({ code: 418, message: "null" });
    expect(refusedBy(answer(""))).toEqual({ code: 418, message: "the ingress answers 418" });
  });

  const services = [
    { name: "Greeter", ty: "Service", handlers: [{ name: "greet" }] },
    { name: "Counter", ty: "VirtualObject", handlers: [{ name: "add" }] },
  ].map((service) => new AnswerFields(service, "service"));
  const said = (text: string) => aboutNames(services, handlerTarget(text), "call");

  test.each([
    ["Greter/greet", 'Did you mean "Greeter"?'],
    ["Nothing/like/it", 'there is no service "Nothing"'],
    ["Greeter/great", 'Did you mean "greet"?'],
    ["Counter/add", "Counter is a virtual object, so add needs a key"],
    ["Greeter/k/greet", "Greeter is a service without keys"],
  ])("about the names of %s says what is wrong", (text, message) => {
    expect(said(text)?.message).toContain(message);
  });

  test("about something else is not explained by names", () => {
    expect(said("Greeter/greet")).toBeUndefined();
    expect(aboutNames([], handlerTarget("Greeter/greet"), "call")?.advice).toContain("deployments register");
  });
});

test("a deadline has whole milliseconds left, or all the time there is", () => {
  expect(new Deadline(undefined).leftMs).toBe(Infinity);
  expect(new Deadline(0).leftMs).toBe(0);
  expect(Number.isInteger(new Deadline(1000).leftMs)).toBe(true);
});
