/** Code, and what each rule says of it. Both ESLint and oxlint run them. */

export interface Cases {
  readonly valid: readonly string[];
  /** Code, and the ids of the messages. */
  readonly invalid: readonly (readonly [code: string, ...messages: string[]])[];
}

const HEAD = 'import { service, object, DurablePromise } from "perdure";\n';
/** The body of a handler. */
export const handler = (body: string, before = ""): string =>
  `${HEAD}${before}\nexport default service({ name: "S", handlers: { f: async (ctx, input) => { ${body} } } });`;

export const CASES: Readonly<Record<string, Cases>> = {
  "no-unawaited-operation": {
    valid: [
      handler('await ctx.run("x", () => 1);'),
      handler('const p = ctx.run("x", () => 1); await p;'),
      handler('const [a, b] = [ctx.run("a", f), ctx.run("b", f)]; await a; await b;', "const f = () => 1;"),
      handler('await DurablePromise.all([ctx.run("a", () => 1), ctx.sleep(1)]);'),
      handler("await DurablePromise.all(input.map((item) => ctx.run(item, () => item)));"),
      handler("return ctx.get('x');"),
      handler("ctx.serviceSendClient(other).go();", 'const other = { name: "O" };'),
      handler('ctx.set("a", 1); ctx.clear("b");'),
      handler("for (const item of input) await ctx.run(item, () => item);"),
      handler("input.forEach((item) => { ctx.set(item, 1); });"),
      handler("const { id, promise } = ctx.awakeable(); await ctx.run('x', () => id); return await promise;"),
      // No file of Perdure's.
      'import Koa from "koa"; new Koa().use((ctx) => { ctx.get("x"); });',
      // Another context.
      `${HEAD}app.get("/", (c) => { c.get("x"); });`,
    ],
    invalid: [
      [handler('ctx.run("x", () => 1);'), "dropped"],
      [handler('ctx.transact("x", () => []);'), "dropped"],
      [handler("void ctx.sleep(1000);"), "dropped"],
      [handler('ctx.run("x", () => 1).catch(() => 0);'), "dropped"],
      [handler("DurablePromise.all([ctx.sleep(1)]);"), "dropped"],
      [handler("ctx.serviceClient(other).go();", 'const other = { name: "O" };'), "dropped"],
      [handler("const c = ctx.objectClient(other, 'k'); c.go();", 'const other = { name: "O" };'), "dropped"],
      [handler('const p = ctx.run("x", () => 1); return 1;'), "unused"],
      [handler('return { r: ctx.run("x", () => 1) };'), "value"],
      [handler('return [ctx.get("x")];'), "value"],
      [handler('ctx.set("a", { b: [ctx.get("b")] });'), "value"],
      [handler("return `hello ${ctx.get('name')}`;"), "value"],
      [handler("return ctx.get('n') + 1;"), "value"],
      [handler("input.forEach(async (item) => { await ctx.run(item, () => item); });"), "each"],
      [
        'const restate = require("@restatedev/restate-sdk"); restate.service({ name: "S", handlers: { f: async (ctx) => { ctx.run("x", () => 1); } } });',
        "dropped",
      ],
    ],
  },
  "no-ctx-inside-step": {
    valid: [
      handler('await ctx.run("x", () => input);'),
      handler('await ctx.transact("x", () => [input]);'),
      handler('await ctx.run("x", () => { ctx.console.log("x"); return ctx.request().id; });'),
      handler('const n = await ctx.get("n"); await ctx.run("x", () => n);'),
      handler('const p = ctx.run("a", () => 1); await p; await ctx.run("b", async () => (await p) + 1);'),
      handler('await ctx.run("x", () => ({ ctx: 1 }));'),
      handler('await ctx.run("x", (ctx) => ctx.signal);'),
    ],
    invalid: [
      [handler('await ctx.run("x", async () => { await ctx.sleep(1); });'), "used"],
      [handler('await ctx.run("x", async () => ctx.run("y", () => 1));'), "used"],
      [handler('await ctx.run(async () => { ctx.set("a", 1); });'), "used"],
      [handler('await ctx.run("x", () => ctx.date.now());'), "used"],
      [handler('await ctx.run("x", () => help(ctx));', "const help = (c) => c;"), "passed"],
    ],
  },
  "no-native-race": {
    valid: [
      handler("await DurablePromise.race([ctx.sleep(1), ctx.sleep(2)]);"),
      handler("await Promise.all(input.map(async (item) => { await ctx.run(item, () => item); }));"),
      handler('await ctx.run("x", () => Promise.race([fetch("a"), fetch("b")]));'),
      handler("await Promise.all(input.map((item) => item.load()));"),
    ],
    invalid: [
      [handler("await Promise.race([ctx.sleep(1), ctx.get('x')]);"), "combined"],
      [handler("await Promise.all(input.map((item) => ctx.run(item, () => item)));"), "combined"],
      [handler("const a = ctx.sleep(1); await Promise.any([a]);"), "combined"],
      [
        handler("await Promise.allSettled([ctx.serviceClient(o).go()]);", 'const o = { name: "O" };'),
        "combined",
      ],
    ],
  },
  "no-nondeterminism": {
    valid: [
      handler("await ctx.run('x', () => fetch('a')); return ctx.rand.random();"),
      handler(
        "await ctx.run('x', () => { const at = Date.now(); return inner(() => Math.random() + at); });",
        "const inner = (f) => f();",
      ),
      handler("return new Date(await ctx.date.now());"),
      `${HEAD}const started = Date.now(); const help = () => Math.random();`,
      handler("const Date = { now: () => 1 }; return Date.now();"),
      handler("await ctx.run('x', () => readFile('a'));", 'import { readFile } from "node:fs/promises";'),
    ],
    invalid: [
      [handler("return Math.random();"), "found"],
      [handler("const at = Date.now(); return at;"), "found"],
      [handler("return new Date();"), "found"],
      [handler("return crypto.randomUUID();"), "found"],
      [handler("return randomUUID();", 'import { randomUUID } from "node:crypto";'), "found"],
      [handler("return v4();", 'import { v4 } from "uuid";'), "found"],
      [handler("await new Promise((resolve) => setTimeout(resolve, 10));"), "found"],
      [handler("setInterval(() => 1, 10);"), "found"],
      [handler("await fetch('a');"), "found"],
      [handler("await readFile('a');", 'import { readFile } from "node:fs/promises";'), "found"],
      [handler("await axios.get('a');", 'import axios from "axios";'), "found"],
      [handler("await sleep(10);", 'import { setTimeout as sleep } from "node:timers/promises";'), "found"],
      [handler("return input.map(() => Math.random());"), "found"],
    ],
  },
  "no-shared-state": {
    valid: [
      handler("let n = 0; n += 1; const list = []; list.push(n); return n;"),
      handler("await ctx.run('x', () => { let n = 0; n++; return n; });"),
      handler(
        "await ctx.run('x', () => { client ??= make(); return client; });",
        "let client; const make = () => 1;",
      ),
      handler("return TABLE.get(input);", "const TABLE = new Map([[1, 2]]);"),
      `${HEAD}let n = 0; export const count = () => ++n;`,
      // A test's.
      `${HEAD}test("x", () => { let n = 0; service({ name: "S", handlers: { f: async (ctx) => ctx.run("x", () => { n++; }) } }); });`,
    ],
    invalid: [
      [handler("count++; return count;", "let count = 0;"), "module"],
      [handler("last = input;", "let last;"), "module"],
      [handler("seen.add(input);", "const seen = new Set();"), "module"],
      [handler("cache[input] = 1;", "const cache = {};"), "module"],
      [handler("let total = 0; await ctx.run('x', () => { total += 1; }); return total;"), "step"],
      [handler("const all = []; await ctx.run('x', () => { all.push(1); }); return all;"), "step"],
    ],
  },
  "no-untyped-json": {
    valid: [
      handler("ctx.set('a', { n: 1, list: [input] });"),
      handler("ctx.set('a', new Map(), serde);", "const serde = {};"),
      handler("return await ctx.run('x', () => new Map(), { serde });", "const serde = {};"),
      handler("const map = new Map(); return [...map];"),
      handler("return new Money(1);", "class Money { amount = 1; }"),
      handler("return new Money(1);", "class Money { plus() {} toJSON() {} }"),
      handler("const help = () => { return new Map(); }; return help().size;"),
      handler("return new Date(5);"),
      handler("await ctx.serviceClient(o).go().map(new Map());", 'const o = { name: "O" };'),
    ],
    invalid: [
      [handler("ctx.set('a', new Map());"), "lost"],
      [handler("const seen = new Set(); ctx.set('a', { seen });"), "lost"],
      [handler("ctx.set('n', NaN);"), "lost"],
      [handler("ctx.set('n', 5n);"), "lost"],
      [handler("return { m: new Map() };"), "lost"],
      [handler("return await ctx.run('x', () => new Set());"), "lost"],
      [handler("return await ctx.run('x', async () => { return [new Map()]; });"), "lost"],
      [handler("return new Money(1);", "class Money { plus() {} }"), "lost"],
      [handler("await ctx.serviceClient(o).go(new Map());", 'const o = { name: "O" };'), "lost"],
    ],
  },
};

/** Contexts are known by their types, whatever their names are. */
export const TYPED: Readonly<Record<string, Cases>> = {
  "no-unawaited-operation": {
    valid: [
      'import type { Context } from "hono"; import { connect } from "perdure/client"; export const f = (ctx: Context) => { ctx.get("x"); };',
      'import * as restate from "perdure/restate"; export const f = async (c: restate.Context) => { (await c.run("x", () => 1)) as number; };',
    ],
    invalid: [
      [
        'import type { ObjectContext } from "perdure"; export const f = async (c: ObjectContext) => { c.run("x", () => 1); };',
        "dropped",
      ],
      [
        'import * as restate from "perdure/restate"; export const f = async (c: restate.WorkflowSharedContext) => { c.promise("x"); };',
        "dropped",
      ],
      [
        'import type { Context } from "perdure"; export async function f(c: Context) { return { a: c.run("x", () => 1) as unknown }; }',
        "value",
      ],
    ],
  },
  "no-ctx-inside-step": {
    valid: [],
    invalid: [
      [
        'import type { Context } from "perdure"; export const f = async (c: Context) => { await c.run("x", async () => { await c.sleep(1); }); };',
        "used",
      ],
      [
        'import type { Context } from "perdure"; export const f = async (c: Context) => { await c.run("x", () => (c as Context).sleep(1)); };',
        "used",
      ],
    ],
  },
};
