// The parts of `perdure services`, `deployments`, `sql` and `doctor` that need no server.
import { describe, expect, test } from "vitest";
import { registrationOf } from "../../../cli/deployments/register.ts";
import { statusOf } from "../../../cli/deployments/deployment-status.ts";
import { changeLines, serviceChanges } from "../../../cli/deployments/service-changes.ts";
import { AnswerFields } from "../../../cli/fields.ts";
import type { OpenInvocation } from "../../../cli/open-invocations.ts";
import { clockCheck, versionCheck } from "../../../cli/server/checks.ts";
import { type AnsweredService, serviceIn } from "../../../cli/services/service-answer.ts";
import { configChanges, readTemplate, templateOf } from "../../../cli/services/setting.ts";
import { handlerCounts, heldKeys, withOwners } from "../../../cli/services/status.ts";
import { caretAt, columnsIn } from "../../../cli/sql/answer.ts";
import { csvLines } from "../../../cli/sql/print.ts";

const service = (over: object = {}): AnsweredService =>
  serviceIn(
    new AnswerFields(
      {
        ...{ name: "Cart", ty: "VirtualObject", revision: 3, deployment_id: "dp_1", public: true },
        ...{ idempotency_retention: "1d", journal_retention: "1d" },
        handlers: [
          { name: "add", ty: "Exclusive", public: true },
          { name: "look", ty: "Shared", public: true },
        ],
        ...over,
      },
      "service",
    ),
  );

describe("what a registration changes", () => {
  test("a service that is new, one that differs, one that does not, one that goes", () => {
    const changes = serviceChanges(
      [service(), service({ name: "Same" }), service({ name: "Gone" })],
      [
        service({
          ...{ revision: 4, public: false, journal_retention: "2d" },
          handlers: [
            { name: "add", ty: "Shared", public: true, input_json_schema: { type: "number" } },
            { name: "take", ty: "Exclusive", public: true },
          ],
        }),
        service({ name: "Same", revision: 4 }),
        service({ name: "New", ty: "Workflow", revision: 1, handlers: [{ name: "run", ty: "Workflow" }] }),
      ],
      ["Gone", "never there"],
    );
    expect(changeLines(changes)).toEqual([
      "~ Cart (VirtualObject, revision 3 -> 4)",
      "    ~ access: public -> private",
      "    ~ journal_retention: 1d -> 2d",
      "    ~ add",
      "        type: Exclusive -> Shared",
      "        schemas differ",
      "    + take",
      "    - look",
      "~ Same (VirtualObject, revision 3 -> 4)",
      "      (no difference)",
      "+ New (Workflow, revision 1)",
      "    + run",
      "- Gone (VirtualObject, revision 3 -> no longer served here)",
      "    - add",
      "    - look",
    ]);
  });

  test.each([
    ["9080", { uri: "http://localhost:9080" }],
    ["localhost:9080", { uri: "http://localhost:9080" }],
    ["https://shop.example/x", { uri: "https://shop.example/x" }],
    [
      "arn:aws:lambda:eu-west-1:000000000000:function:shop:7",
      { arn: "arn:aws:lambda:eu-west-1:000000000000:function:shop:7" },
    ],
  ])("the address %s", (address, target) => {
    expect(registrationOf(address, {})).toEqual(target);
  });

  test("options become fields of the request", () => {
    const options = {
      force: true,
      "useHttp1.1": true,
      header: ["x-a=b=c"],
      metadata: ["team=shop", "empty="],
    } as const;
    expect(registrationOf("9080", options)).toEqual({
      ...{ uri: "http://localhost:9080", force: true, use_http_11: true },
      ...{ additional_headers: { "x-a": "b=c" }, metadata: { team: "shop", empty: "" } },
    });
  });
});

test("a deployment's status says unknown rather than drained if not all was counted", () => {
  expect([statusOf(true, 5, true), statusOf(false, 5, false)]).toEqual(["Active", "Draining"]);
  expect([statusOf(false, 0, true), statusOf(false, 0, false)]).toEqual(["Drained", "Unknown"]);
});

describe("settings", () => {
  test("the template changes nothing as it is, and what is taken out of its comments is a change", () => {
    const cart = service();
    const template = templateOf(cart);
    expect(readTemplate(template, cart)).toEqual({ settings: {}, errors: [] });
    const edited = template.replaceAll(/^# (public|journal_retention|abort_timeout) = .*$/gmu, (line) =>
      line.slice(2).replace("true", "false # for now").replace('"1d"', '"48h"'),
    );
    const { settings, errors } = readTemplate(edited, cart);
    expect(errors).toEqual([]);
    expect(configChanges(cart, settings)).toEqual([
      { setting: "public", before: "true", after: "false" },
      { setting: "journal_retention", before: "1d", after: "48h" },
      { setting: "abort_timeout", before: "not set", after: "10m" },
    ]);
  });

  test("a duration that is as long as it was is no change", () => {
    expect(configChanges(service(), { journal_retention: "24h", public: true })).toEqual([]);
  });

  test("each wrong line is named by its number", () => {
    const text =
      'public = "perhaps"\n\njournal_retention = soon\nworkflow_completion_retention = "1d"\n[table]\nx = \u001B[31m';
    expect(readTemplate(text, service()).errors).toEqual([
      { line: 1, problem: "public takes true or false" },
      { line: 3, problem: "journal_retention takes a duration such as 90s, 5d 1h or PT10S" },
      { line: 4, problem: 'Cart has no setting "workflow_completion_retention" that can be changed' },
      { line: 5, problem: '"[table]" is not of the form: name = value' },
      { line: 6, problem: 'Cart has no setting "x" that can be changed' },
    ]);
  });
});

describe("status of services", () => {
  const one = (id: string, status: string, over: Partial<OpenInvocation> = {}): OpenInvocation => ({
    ...{ id, status, service: "Cart", handler: "add", key: "a" },
    ...{ createdAt: `2026-11-29T00:00:0${id}.000Z`, modifiedAt: "2026-11-29T00:00:09.000Z" },
    ...{ deployment: undefined, lastFailure: undefined, ...over },
  });

  test("the holder is the exclusive invocation that has begun, not the oldest and not a shared one", () => {
    const open = [
      one("1", "pending"),
      one("2", "suspended"),
      one("3", "running", { handler: "look" }),
      one("4", "ready"),
      one("5", "paused", { key: "b" }),
      one("6", "scheduled", { key: "c" }),
      one("7", "running", { key: undefined, service: "Mail", handler: "send" }),
    ];
    const held = heldKeys([service()], open);
    expect(
      held.map(({ key, holder, behind, oldestBehind }) => [key, holder?.id, behind, oldestBehind?.id]),
    ).toEqual([
      ["a", "2", 2, "1"],
      ["b", "5", 0, undefined],
    ]);
    expect(handlerCounts([service()], open).map(({ handler, counts }) => [handler, counts])).toEqual([
      ["add", { pending: 1, suspended: 1, ready: 1, paused: 1, scheduled: 1 }],
      ["look", { running: 1 }],
      ["send", { running: 1 }],
    ]);
  });
});

test("the owner of a key that no list has is asked for by the key", async () => {
  const waiting = { service: "Cart", key: "a b", holder: undefined, behind: 2, oldestBehind: undefined };
  const answers: Readonly<Record<string, object>> = {
    "/services/Cart/locks/a%20b": { owner: { invocation_id: "inv_9" } },
    "/invocations/inv_9": {
      ...{ id: "inv_9", target_service_name: "Cart", target_handler_name: "add", target_service_key: "a b" },
      ...{
        status: "running",
        created_at: "2026-11-29T00:00:00.000Z",
        modified_at: "2026-11-29T00:00:00.000Z",
      },
    },
    "/services/Cart/locks/free": { waiting: [] },
  };
  const asked: string[] = [];
  const raw = async (_method: string, at: string) => {
    asked.push(at);
    const body = new TextEncoder().encode(JSON.stringify(answers[at] ?? {}));
    return { status: Object.hasOwn(answers, at) ? 200 : 404, headers: {}, body };
  };
  const held = [
    waiting,
    { ...waiting, key: "free" },
    { ...waiting, key: "gone" },
    { ...waiting, key: "late" },
  ];
  const owned = await withOwners({ raw }, held, 3);
  expect(owned.map(({ key, holder }) => [key, holder?.id, holder?.status])).toEqual([
    ["a b", "inv_9", "running"],
    ["free", undefined, undefined],
    ["gone", undefined, undefined],
    ["late", undefined, undefined],
  ]);
  expect(asked).not.toContain("/services/Cart/locks/late");
});

describe("answers of queries", () => {
  test("columns are in the query's order, although rows leave out what is null", () => {
    expect(columnsIn([{ a: 1, d: 1 }, { a: 1, b: 2 }, { b: 1, c: 2, d: 3 }, {}])).toEqual([
      "a",
      "b",
      "c",
      "d",
    ]);
  });

  test("comma-separated values are quoted where they must be", () => {
    const rows = [
      { id: "a,b", n: 1 },
      { id: 'say "hi"\nthere', list: [1] },
    ];
    expect(csvLines({ rows, columns: ["id", "n", "list"] })).toEqual([
      "id,n,list",
      '"a,b",1,',
      '"say ""hi""\nthere",,[1]',
    ]);
    expect(csvLines({ rows: [], columns: [] })).toEqual([]);
  });

  test("a caret stands below the place, in a query of several lines and with tabs", () => {
    expect(caretAt("select id,\n\tstatu\nfrom x", 12)).toBe("  \tstatu\n  \t^");
    expect(caretAt("select", 6)).toBe("  select\n        ^");
  });
});

describe("checks", () => {
  test("of versions and clocks", () => {
    expect(versionCheck("0.0.1")).toMatchObject({ verdict: "warn" });
    const nowMs = Date.parse("2026-11-29T00:00:00Z");
    const verdicts = ["Sun, 29 Nov 2026 00:00:04 GMT", "Sun, 29 Nov 2026 00:01:00 GMT", undefined, "soon"];
    expect(verdicts.map((date) => clockCheck(date, nowMs).verdict)).toEqual(["ok", "warn", "ok", "ok"]);
  });
});
