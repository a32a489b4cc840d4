// The parts of `perdure verify-aws`: options, signatures, XML, checks, the report.
import { describe, expect, test } from "vitest";
import { element, members } from "../../../../cli/aws/query.ts";
import { expectAtMost, expectSame, Ledger, Skipped } from "../../../../cli/verify-aws/check.ts";
import { type AwsChannel, narrowed, signedHeaders } from "../../../../cli/aws/signed-http.ts";
import { capabilityTable, reportJson, reportName, resultTable } from "../../../../cli/verify-aws/report.ts";
import { percentile, pooled } from "../../../../cli/verify-aws/statistics.ts";
import { Capabilities } from "../../../../cli/verify-aws/verification.ts";
import { verifySettings } from "../../../../cli/verify-aws.ts";
import { authorization } from "../../../../lib/aws/signature.ts";

describe("options", () => {
  test("by default everything but what is slow, in AWS", () => {
    expect(verifySettings({})).toMatchObject({ stackPrefix: "PerdureVerify-", slow: false, yes: false });
    expect(verifySettings({})).not.toHaveProperty("endpoint");
  });

  test("steps are in their own order", () => {
    expect(verifySettings({ only: "latency,smoke" }).only).toEqual(["smoke", "latency"]);
  });

  test.each<[Parameters<typeof verifySettings>[0], RegExp, { readonly endpoint?: string }]>([
    [{ only: "smoke,speed" }, /no step "speed"/, {}],
    [{ stackPrefix: "1x" }, /--stack-prefix takes/, {}],
    [{}, /takes a URL/, { endpoint: "nowhere" }],
  ])("%j is refused", (options, message, everyCommands) => {
    expect(() => verifySettings(options, everyCommands)).toThrow(message);
  });
});

describe("signatures", () => {
  const credentials = { accessKeyId: "AKID", secretAccessKey: "secret", sessionToken: "token" };
  const nowMs = Date.UTC(2026, 10, 28);
  const request = {
    ...{ method: "POST", host: "api.example", region: "eu-central-1", credentials, nowMs },
    ...{ path: "/Keys/a%2Fb/key", body: Buffer.from("{}") },
  };

  test("of a POST are those of the handlers' client", () => {
    const headers = {
      host: "api.example",
      "x-amz-date": "20261128T000000Z",
      "x-amz-security-token": "token",
    };
    const signing = {
      service: "execute-api",
      region: "eu-central-1",
      credentials,
      nowMs,
      path: request.path,
    };
    expect(signedHeaders(request)["authorization"]).toBe(authorization(headers, "{}", signing));
  });

  test("depend on the method and on the query, not on its order", () => {
    const of = (path: string, method = "GET") => signedHeaders({ ...request, method, path })["authorization"];
    expect(of("/a?y=2&x=1")).toBe(of("/a?x=1&y=2"));
    expect(of("/a?x=1")).not.toBe(of("/a?x=2"));
    expect(of("/a")).not.toBe(of("/a", "PATCH"));
  });
});

test("no more requests than allowed go through a door at once", async () => {
  let now = 0;
  let most = 0;
  const slow: AwsChannel = {
    request: async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => void setTimeout(resolve, 1));
      now--;
      return { status: 200, headers: {}, body: Buffer.alloc(0), ms: 1 };
    },
    close: () => undefined,
  };
  const door = narrowed(slow, 3);
  await Promise.all(Array.from({ length: 20 }, () => door.request("GET", "/")));
  expect([most, now]).toEqual([3, 0]);
});

describe("AWS's XML", () => {
  const xml = `<R><StackEvents><member><Timestamp>2026-11-28T00:00:00Z</Timestamp><ResourceStatusReason>a &lt;b&gt; &amp; c</ResourceStatusReason></member>
    <member><Timestamp>2026-11-28T00:00:01Z</Timestamp></member></StackEvents><NextToken>n</NextToken></R>`;

  test("elements are found by their names", () => {
    expect(members(xml, "StackEvents")).toHaveLength(2);
    expect(element(members(xml, "StackEvents")[0] ?? "", "ResourceStatusReason")).toBe("a <b> & c");
    expect([element(xml, "NextToken"), element(xml, "Absent")]).toEqual(["n", undefined]);
  });
});

describe("checks", () => {
  const ledgerOf = () => new Ledger({ now: () => 0, report: () => undefined });

  test("one that throws has failed, and keeps what it measured", async () => {
    const ledger = ledgerOf();
    const passed = await ledger.check("smoke", "late", async (note) => {
      note("late by", 12.3456, "ms");
      expectAtMost("late by", 12, 10, " ms");
    });
    expect(passed).toBe(false);
    expect(ledger.results).toEqual([
      {
        ...{ step: "smoke", name: "late", outcome: "failed", seconds: 0 },
        ...{ expected: "late by at most 10 ms", seen: "12 ms" },
        values: [{ name: "late by", value: 12.3, unit: "ms" }],
      },
    ]);
    expect(ledger.hasFailed).toBe(true);
  });

  test("one that cannot be done is skipped, and is no failure", async () => {
    const ledger = ledgerOf();
    await ledger.check("cost", "counts", async () => {
      throw new Skipped("no metrics");
    });
    expect(ledger.results).toMatchObject([{ outcome: "skipped", why: "no metrics" }]);
    expect(ledger.hasFailed).toBe(false);
  });

  test("after a stop only what is destroyed is checked", async () => {
    const ledger = ledgerOf();
    ledger.stop();
    await ledger.check("smoke", "a call", async () => undefined);
    await ledger.check("destroy", "the stack is destroyed", async () => undefined);
    expect(ledger.results.map(({ name }) => name)).toEqual(["the stack is destroyed"]);
  });

  test("what is compared is compared as JSON", () => {
    expectSame("answer", { a: [1] }, { a: [1] });
    expect(() => expectSame("answer", "a", "b")).toThrow("expected answer b, and saw a");
  });

  test("what an emulator lacks is skipped, what AWS lacks is a failure", async () => {
    const [emulator, aws] = [new Capabilities(true), new Capabilities(false)];
    for (const each of [emulator, aws])
      each.expect("metrics", Promise.resolve({ present: false, how: "none came" }));
    await expect(emulator.require("metrics")).rejects.toThrow(/not an emulator that .*: none came/);
    await expect(aws.require("metrics")).rejects.toThrow(/expected a region that/);
    aws.set("iam", true, "");
    await aws.require("iam");
  });
});

test("percentiles are by the nearest rank", () => {
  const values = Array.from({ length: 100 }, (_, n) => 100 - n);
  expect([percentile(values, 0.5), percentile(values, 0.99), percentile([], 0.5)]).toEqual([
    50,
    99,
    Number.NaN,
  ]);
});

test("a pool returns results in the order of its items", async () => {
  const wait = (ms: number) => new Promise((resolve) => void setTimeout(resolve, ms));
  const results = await pooled([3, 1, 2], 2, async (ms) => (await wait(ms), ms));
  expect(results).toEqual([3, 1, 2]);
});

describe("the report", () => {
  const results = [
    {
      ...({ step: "smoke", name: "a signed call", outcome: "failed" } as const),
      ...{
        expected: "hello",
        seen: "arn:aws:lambda:eu-central-1:123456789012:function",
        values: [],
        seconds: 1,
      },
    },
  ];
  const input = {
    ...{ results, region: "eu-central-1", accountId: "123456789012", startMs: 0, endMs: 1000 },
    ...{ endpoint: undefined, slow: false, capabilities: {}, interrupted: false },
  };

  test("does not hold the account's number: it is to be sent", () => {
    expect(reportJson(input)).not.toContain("123456789012");
    expect(JSON.parse(reportJson(input))).toMatchObject({ where: "AWS", checks: [{ outcome: "failed" }] });
  });

  test("says what an emulator lacks, and how that was found out", () => {
    const table = capabilityTable({ metrics: { present: false, how: "none came" } }, { metrics: "counts" });
    expect(table).toContain("it is not known that it counts: none came");
  });

  test("has a table with a total, and a name of region and date", () => {
    expect(resultTable(results)).toContain("verify-aws: 0 passed, 1 failed, 0 skipped");
    expect(reportName("eu-central-1", Date.UTC(2026, 10, 28))).toBe(
      "verify-aws-eu-central-1-2026-11-28.json",
    );
  });
});
