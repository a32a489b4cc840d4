/**
 * Generated requests to the ingress and to the admin API: paths and bodies that are nearly right, parameters of every kind,
 * broken encodings. Stores and mailboxes fail at times.
 *
 * - Every request gets an answer, never an exception.
 * - Its status is one that the documents name. 500 never; 503 only if a port did fail.
 * - An error has a body.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { awakeableId, invocationId } from "../../lib/model/ids.ts";
import type { HttpRequest, HttpResponse } from "../../runtime/http/message.ts";
import { Ingress } from "../../runtime/ingress/ingress.ts";
import { AdminWorld } from "../unit/admin/admin-world.ts";
import { tries } from "./tries.ts";

const RUNS = tries(300, 3000);
/** What is rare is drawn again until it has come up. */
const ROUNDS_MAX = 20;
const WAIT_MS = 1000;

const UNIQUE = new Uint8Array(14).fill(7);
const NEVER = invocationId("T", undefined, UNIQUE);
/** Placeholders for what exists in the run's world. */
const SOME = ["{running}", "{paused}", "{completed}", "{scheduled}", "{fresh}"] as const;
const AWAKEABLE = awakeableId({ id: NEVER, incarnation: 0, index: 17 });

const word = fc.constantFrom(
  ...[
    "T",
    "O",
    "W",
    "P",
    "Nope",
    "hello",
    "json",
    "add",
    "get",
    "run",
    "look",
    "hidden",
    "send",
    "call",
    "restate",
  ],
  ...[
    "attach",
    "output",
    "lookup",
    "status",
    "workflow",
    "invocation",
    "awakeables",
    "a",
    "signals",
    "scope",
  ],
  ...[
    "resolve",
    "reject",
    "services",
    "deployments",
    "invocations",
    "handlers",
    "state",
    "openapi",
    "journal",
  ],
  ...["cancel", "kill", "pause", "resume", "restart-as-new", "purge", "purge-journal", "version", "health"],
  ...[
    "cluster-health",
    "internal",
    "invocations_batch_operations",
    "dp_1",
    "__proto__",
    "constructor",
    "v2",
    "v3",
  ],
  ...["k", "", ".", "..", "%", "%FF", "%zz", "%2F", "%00", "a%20b", "%F0%9F%98%80", "~state", "1", "-1"],
  ...[NEVER, AWAKEABLE, "inv_zz", "sign_1zz", "x".repeat(1100), ...SOME],
);
const anyText = fc.string({ unit: "binary", maxLength: 12 });
const segment = fc.oneof(
  { weight: 9, arbitrary: word },
  { weight: 1, arbitrary: anyText.map(encodeLoosely) },
);

function encodeLoosely(text: string): string {
  return text.replaceAll(/[^!-~]|[/?#]/gu, (character) =>
    character.isWellFormed() ? encodeURIComponent(character) : "%ED%A0%80",
  );
}

const FREE: Readonly<Record<string, fc.Arbitrary<string>>> = {
  "*": segment,
  "*id": fc.constantFrom(...SOME),
  "*operation": fc.constantFrom(
    "cancel",
    "kill",
    "pause",
    "resume",
    "restart-as-new",
    "purge",
    "purge-journal",
  ),
};
const form = (...parts: readonly string[]): fc.Arbitrary<readonly string[]> =>
  fc.tuple(...parts.map((part) => FREE[part] ?? fc.constant(part)));
/** The served paths, with anything in their parameters. */
const INGRESS_FORMS = [
  ["*", "*"],
  ["*", "*", "*"],
  ["*", "*", "send"],
  ["O", "*", "add", "send"],
  ["restate", "call", "*", "*"],
  ["restate", "send", "O", "*", "*"],
  ["restate", "attach", "*"],
  ["restate", "output", "*"],
  ["restate", "output", "*id"],
  ["restate", "attach", "*id"],
  ["restate", "attach"],
  ["restate", "output"],
  ["restate", "lookup"],
  ["restate", "workflow", "*", "*", "output"],
  ["restate", "invocation", "*", "*"],
  ["restate", "invocation", "*", "*", "*", "attach"],
  ["restate", "invocation", "*", "signals", "*", "resolve"],
  ["restate", "awakeables", "*", "*"],
];
const ADMIN_FORMS = [
  ["*"],
  ["services", "*"],
  ["services", "*", "*"],
  ["services", "*", "handlers", "*"],
  ["services", "*", "state", "*"],
  ["services", "O", "state"],
  ["deployments"],
  ["deployments", "*"],
  ["invocations"],
  ["invocations", "*"],
  ["invocations", "*", "*"],
  ["invocations", "*id"],
  ["invocations", "*id", "*operation"],
  ["internal", "invocations_batch_operations", "*"],
];
const pathsOf = (forms: readonly (readonly string[])[]): fc.Arbitrary<string> =>
  fc
    .oneof(
      { weight: 4, arbitrary: fc.oneof(...forms.map((parts) => form(...parts))) },
      { weight: 1, arbitrary: fc.array(segment, { maxLength: 7 }) },
    )
    .map((segments) => `/${segments.join("/")}`);

const method = fc.constantFrom(
  "GET",
  "POST",
  "POST",
  "PATCH",
  "PATCH",
  "DELETE",
  "PUT",
  "HEAD",
  "OPTIONS",
  "QUERY",
);
const anyValue = fc.oneof(
  word,
  anyText,
  fc.constantFrom(
    "10s",
    "PT1S",
    "-1s",
    "",
    "1e9d",
    "true",
    "false",
    "0",
    "5",
    "1000",
    "keep",
    "latest",
    "running",
  ),
  fc.constantFrom("completed,paused", "2026-11-22T15:48:42.688Z", "9".repeat(30), '["a","b"]', `1.${NEVER}`),
);
const parameter = fc.constantFrom(
  ...[
    "delay",
    "Delay",
    "limit-key",
    "limit",
    "after",
    "status",
    "service",
    "handler",
    "key",
    "deployment",
    "scan",
  ],
  ...["created_after", "modified_before", "from", "mode", "force", "version", "deployment", "__proto__"],
);
const query = fc.array(fc.tuple(parameter, anyValue), { maxLength: 3 });
/** Parsers refuse all else. */
const canBeSent = (value: string): boolean => /^[\t -~\u0080-\u00ff]*$/.test(value);
const headers = fc.dictionary(
  fc.constantFrom(
    "content-type",
    "idempotency-key",
    "origin",
    "x-a",
    "connection",
    "x-restate-limit-key",
    "accept",
  ),
  fc.oneof(
    anyValue.filter(canBeSent),
    fc.constantFrom("application/json", "text/plain", "image/png; q=1", ";", "x".repeat(20_000)),
  ),
  { maxKeys: 3 },
);
const field = fc.constantFrom(
  ...[
    "target",
    "invocationId",
    "workflowName",
    "workflowKey",
    "service",
    "key",
    "handler",
    "idempotencyKey",
    "scope",
  ],
  ...[
    "uri",
    "arn",
    "force",
    "breaking",
    "dry_run",
    "public",
    "journal_retention",
    "object_key",
    "new_state",
    "version",
  ],
  ...["invocation_ids", "filter", "limit", "after", "from", "deployment", "__proto__", "additional_headers"],
);
const json = fc.oneof(
  fc.dictionary(
    field,
    fc.oneof(
      { maxDepth: 2 },
      fc.jsonValue({ maxDepth: 2 }),
      word,
      fc.constantFrom("workflow", "invocation", "idempotentInvocation", "http://127.0.0.1:1/"),
    ),
    { maxKeys: 5 },
  ),
  fc.record({ invocation_ids: fc.array(word, { maxLength: 4 }) }),
  fc.record({ filter: fc.dictionary(parameter, anyValue, { maxKeys: 2 }) }),
  fc.record({
    object_key: word,
    new_state: fc.dictionary(word, fc.array(fc.integer({ min: -1, max: 256 }), { maxLength: 3 })),
  }),
  fc.jsonValue({ maxDepth: 3 }),
);
const body = fc.oneof(
  fc.constant(new Uint8Array()),
  fc.uint8Array({ maxLength: 20 }),
  json.map((value) => new TextEncoder().encode(JSON.stringify(value))),
);
const faults = fc.record({
  items: fc.array(fc.constantFrom("read" as const, "before" as const, "after" as const), { maxLength: 2 }),
  mailbox: fc.boolean(),
});
const noFaults = fc.constant({ items: [], mailbox: false });

const requestsTo = (forms: readonly (readonly string[])[]) =>
  fc.record({
    method,
    path: pathsOf(forms),
    query,
    headers,
    body,
    faults: fc.oneof({ weight: 3, arbitrary: noFaults }, { weight: 1, arbitrary: faults }),
  });
type Drawn = ReturnType<typeof requestsTo> extends fc.Arbitrary<infer T> ? T : never;

/** A world with invocations of all kinds, and their ids where the request names them. */
async function prepared(drawn: Drawn): Promise<{ world: AdminWorld; request: HttpRequest }> {
  const world = new AdminWorld(["open"]);
  const ids: Record<string, string> = {};
  for (const status of ["running", "paused", "scheduled"]) {
    ids[`{${status}}`] = (await world.invocation({ s: status }, `POST /O/${status}/add/send`)).id;
  }
  const completed = await world.invocation({});
  await world.complete(completed, { ok: true, value: new TextEncoder().encode('"done"') });
  ids["{completed}"] = completed.id;
  await world.request("POST /T/hello/send");
  ids["{fresh}"] = world.takeStart().id;
  await world.ask("GET /version");
  const named = (text: string): string => text.replaceAll(/\{\w+\}/g, (name) => ids[name] ?? name);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(drawn.body);
  world.items.fail(...drawn.faults.items);
  world.mailboxFails = drawn.faults.mailbox;
  const request: HttpRequest = {
    method: drawn.method,
    path: named(drawn.path),
    query: new URLSearchParams(drawn.query.map(([name, value]): [string, string] => [name, named(value)])),
    headers: drawn.headers,
    body: text.includes("{") ? new TextEncoder().encode(named(text)) : drawn.body,
  };
  return { world, request };
}

const isFaulty = ({ faults: { items, mailbox } }: Drawn): boolean => items.length > 0 || mailbox;

/** Every header can be sent, and JSON is JSON. */
function expectWellFormed(
  { status, headers: given, body: bytes }: HttpResponse,
  allowed: readonly number[],
): void {
  expect(allowed).toContain(status);
  for (const [name, value] of Object.entries(given)) expect(() => new Headers([[name, value]])).not.toThrow();
  expect(bytes).toBeInstanceOf(Uint8Array);
  if (given["content-type"] === "application/json" && bytes.byteLength > 0) {
    expect(
      () => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown,
    ).not.toThrow();
  }
}

const errorIn = ({ body: bytes }: HttpResponse): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;

/** Tries a property {@link RUNS} times, and again until it has reached far enough in. */
async function assertUntil<T>(reached: () => boolean, property: fc.IAsyncProperty<T>): Promise<void> {
  for (let round = 0; round === 0 || (round < ROUNDS_MAX && !reached()); round++) {
    await fc.assert(property, { numRuns: RUNS });
  }
}

describe("whatever is asked of", () => {
  // docs/ingress.md and docs/errors.md.
  const INGRESS_STATUSES = [200, 202, 400, 404, 405, 409, 413, 431, 470, 504];

  test("the ingress", { timeout: 60_000 }, async () => {
    const seen = new Set<number>();
    await assertUntil(
      () => [200, 202, 400, 404, 405, 503].every((status) => seen.has(status)),
      fc.asyncProperty(requestsTo(INGRESS_FORMS), async (drawn) => {
        const { world, request } = await prepared(drawn);
        const answering = new Ingress(world.ports, { callWaitMs: WAIT_MS }).handle(request);
        await world.clock.advance(WAIT_MS);
        const answer = await answering;
        seen.add(answer.status);
        expectWellFormed(answer, isFaulty(drawn) ? [...INGRESS_STATUSES, 503] : INGRESS_STATUSES);
        expect(answer.headers).toHaveProperty("vary", expect.stringContaining("origin"));
        if (answer.status >= 400) {
          const source = answer.headers["x-restate-error-source"];
          expect(errorIn(answer)).toMatchObject({
            code: answer.status,
            message: expect.any(String) as string,
            source,
          });
          expect(["ingress", "invocation"]).toContain(source);
        }
        expect(world.logs.filter(({ level }) => level === "error")).toEqual([]);
      }),
    );
    // The requests must reach far enough in. Rare statuses (413, 415) may not come up in a run.
    for (const status of [200, 202, 400, 404, 405, 503]) expect([...seen]).toContain(status);
  });

  // docs/admin-api.md.
  const ADMIN_STATUSES = [200, 201, 202, 400, 404, 405, 409, 410, 413, 422, 425, 501];

  test("the admin API", { timeout: 60_000 }, async () => {
    const seen = new Set<number>();
    await assertUntil(
      () => [200, 202, 400, 404, 405, 409, 503].every((status) => seen.has(status)),
      fc.asyncProperty(requestsTo(ADMIN_FORMS), async (drawn) => {
        const { world, request } = await prepared(drawn);
        const answering = world.admin.handle(request);
        await world.clock.advance(WAIT_MS);
        const answer = await answering;
        seen.add(answer.status);
        // The drawn addresses do not answer. That is META0003, whose status is 500.
        const unreachable = answer.status === 500 && errorIn(answer)["restate_code"] === "META0003";
        const allowed = isFaulty(drawn) ? [...ADMIN_STATUSES, 503] : ADMIN_STATUSES;
        expectWellFormed(answer, unreachable ? [500] : allowed);
        if (answer.status >= 400 && request.method !== "HEAD") {
          expect(errorIn(answer)).toMatchObject({ message: expect.any(String) as string });
          expect(errorIn(answer)).toHaveProperty("restate_code");
        }
        expect(world.logs.filter(({ level }) => level === "error")).toEqual([]);
      }),
    );
    for (const status of [200, 202, 400, 404, 405, 409, 503]) expect([...seen]).toContain(status);
  });
});
