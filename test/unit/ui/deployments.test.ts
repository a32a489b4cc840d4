/** Deployments: how each stands, until when it is held, and what is different between two. */
import { describe, expect, test } from "vitest";
import { AnswerFields } from "../../../lib/answer-fields.ts";
import { type ServiceInfo, serviceOf } from "../../../ui/admin/service.ts";
import { changesBetween } from "../../../ui/pages/deployments/changes.ts";
import { type DeploymentInfo, deploymentOf, heldIn } from "../../../ui/pages/deployments/deployment-info.ts";
import {
  deploymentName,
  deploymentsSentence,
  holdsInWords,
  standings,
} from "../../../ui/pages/deployments/drain.ts";
import type { Said } from "../../../ui/words/pieces.ts";

const fields = (value: object): AnswerFields => new AnswerFields(value, "test");
const NOW_MS = Date.parse("2026-11-29T12:00:00Z");
const HOUR_MS = 60 * 60 * 1000;

const deployment = (id: string, more: object = {}): DeploymentInfo =>
  deploymentOf(
    fields({
      ...{ id, uri: `http://${id}:9080/x`, services: [{ name: "Order", revision: 1 }] },
      ...{ created_at: new Date(NOW_MS - HOUR_MS).toISOString(), ...more },
    }),
  );
const pinned = (deploymentId: string, status: string, invocations: number, more: object = {}) =>
  fields({ deployment_id: deploymentId, service_name: "Order", status, invocations, timed: 0, ...more });
const words = (said: Said): string =>
  said.map((part) => (typeof part === "string" ? part : part[0])).join("");

const [NEW, OLD] = [deployment("new"), deployment("old")];
const SERVICES = [{ name: "Order", deployment: "new" }];

test("names are as short as they may be", () => {
  expect(deploymentName(NEW)).toBe("new:9080");
  const arn = "arn:aws:lambda:eu-central-1:123456789012:function:orders-prod:14";
  expect(deploymentName(deployment("dp_1", { uri: undefined, arn }))).toBe("orders-prod:14");
  expect(
    deploymentName(deployment("dp_13vwyCxDuRYvNeOL8wv2mOp", { uri: "dp_13vwyCxDuRYvNeOL8wv2mOp" })),
  ).toBe("dp_13vwyC…2mOp");
});

describe("how it stands", () => {
  test("nothing is on an older one", () => {
    const all = standings({ deployments: [NEW, OLD], held: new Map() }, SERVICES);
    expect(all.map(({ state }) => state)).toEqual(["latest", "drained"]);
    expect(words(deploymentsSentence(all, NOW_MS))).toBe(
      "New calls go to new:9080, registered 1 h ago. Nothing is held by an older one.",
    );
  });

  test("some are, until a time", () => {
    const due = { timed: 88, last_due_at: new Date(NOW_MS + HOUR_MS).toISOString() };
    const held = heldIn([pinned("old", "suspended", 88, due)]);
    const all = standings({ deployments: [NEW, OLD], held }, SERVICES);
    expect(words(deploymentsSentence(all, NOW_MS))).toMatch(
      /88 invocations are still on old:9080; the last of them is due at \d\d:00:00\.$/u,
    );
    const old = all[1];
    if (!old) throw new Error("there are two");
    expect(old.state).toBe("draining");
    expect(holdsInWords(old, NOW_MS)).toMatch(/^All in Order\. The last timer of them is due at/u);
  });

  test("some wait for what has no time", () => {
    const due = { timed: 2, last_due_at: new Date(NOW_MS).toISOString() };
    const held = heldIn([
      pinned("old", "suspended", 2, due),
      pinned("old", "paused", 1, { service_name: "Signup" }),
      pinned("new", "running", 4),
    ]);
    const all = standings({ deployments: [NEW, OLD], held }, SERVICES);
    expect(all[1] && holdsInWords(all[1], NOW_MS)).toBe(
      "2 in Order, 1 in Signup. 1 of them waits for what has no time: no end in sight.",
    );
    expect(words(deploymentsSentence(all, NOW_MS))).toContain(
      "3 invocations are still on old:9080; some wait",
    );
    expect(all[0] && holdsInWords(all[0], NOW_MS)).toBe("All in Order. ");
  });

  test("what holds the older ones is not counted yet: nothing is said of it", () => {
    const all = standings({ deployments: [NEW, OLD] }, SERVICES);
    expect(all.map(({ state }) => state)).toEqual(["latest", "older"]);
    expect(words(deploymentsSentence(all, NOW_MS))).toBe("New calls go to new:9080, registered 1 h ago. ");
    expect(all[1] && holdsInWords(all[1], NOW_MS)).toBe("");
  });

  test("each has services of its own, or none has any", () => {
    const two = [...SERVICES, { name: "Mailer", deployment: "old" }];
    const all = standings({ deployments: [NEW, OLD], held: new Map() }, two);
    expect(all.map(({ state }) => state)).toEqual(["partly", "partly"]);
    expect(words(deploymentsSentence(all, NOW_MS))).toMatch(/^New calls go to 2 deployments/u);
    expect(words(deploymentsSentence([], NOW_MS))).toMatch(/^New calls go nowhere/u);
  });
});

describe("what is different", () => {
  const service = (name: string, handlers: object[], ty = "VirtualObject"): ServiceInfo =>
    serviceOf(
      fields({ name, ty, public: true, handlers: handlers.map((each) => ({ public: true, ...each })) }),
    );
  const schema = (required: string[], ...names: string[]) => ({
    type: "object",
    required,
    properties: Object.fromEntries(names.map((name) => [name, {}])),
  });

  test("services, handlers, kinds, schemas", () => {
    const before = [
      service("Order", [
        { name: "checkout", ty: "Exclusive", input_json_schema: schema(["cart"], "cart", "mail") },
        { name: "status", ty: "Shared" },
        { name: "old", ty: "Exclusive" },
      ]),
      service("Gone", []),
    ];
    const after = [
      service("Order", [
        {
          name: "checkout",
          ty: "Exclusive",
          input_json_schema: schema(["cart", "mail"], "cart", "mail", "gift"),
        },
        { name: "status", ty: "Shared" },
        { name: "refund", ty: "Exclusive" },
      ]),
      service("Mailer", [{ name: "send" }], "Service"),
    ];
    expect(changesBetween(before, after)).toEqual({
      same: 1,
      changes: [
        { kind: "changed", what: "Order/checkout", note: "input: + gift (optional), mail is required now" },
        { kind: "added", what: "Order/refund", note: "new, exclusive" },
        { kind: "removed", what: "Order/old", note: "is gone" },
        { kind: "added", what: "Mailer", note: "new, with send" },
        { kind: "removed", what: "Gone", note: "is gone" },
      ],
    });
  });
  test("nothing", () => {
    const all = [service("Order", [{ name: "a" }, { name: "b" }])];
    expect(changesBetween(all, all)).toEqual({ changes: [], same: 2 });
  });
});
