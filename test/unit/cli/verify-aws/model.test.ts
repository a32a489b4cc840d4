// What is shipped of the cost model is what the model says.
import { readFileSync } from "node:fs";
import * as perdure from "perdure/restate";
import { expect, test } from "vitest";
import { Account } from "../../../../bench/model/account.ts";
import type { Usage } from "../../../../bench/model/bill.ts";
import { measureAlone } from "../../../../bench/workloads/measure.ts";
import { servicesOf } from "../../../../bench/workloads/services.ts";
import { WORKLOADS } from "../../../../bench/workloads/workloads.ts";
import { differs, dollars, modelOf } from "../../../../cli/verify-aws/cost.ts";
import { type Counts, LIST_PRICES, MODEL } from "../../../../cli/verify-aws/model.ts";

const countsOf = (usage: Usage): Counts => ({
  httpRequests: usage.httpRequests,
  ingressInvocations: usage.ingressInvocations,
  dispatcherInvocations: usage.dispatcherInvocations,
  handlerInvocations: usage.handlerInvocations,
  mailboxMessages: usage.messages,
  writeUnits: usage.writeUnits - usage.guardUnits,
  // Those of guards and their passes are not counted.
  readUnits: usage.readUnits - usage.passUnits,
});

test.each(Object.entries(MODEL))("the counts of %s", async (name, expected) => {
  const account = await Account.open({ services: servicesOf(perdure) });
  const workload = WORKLOADS.find((each) => each.name === name);
  if (!workload) throw new Error(`there is no workload ${name}`);
  expect(countsOf(await measureAlone(account, workload, 0))).toEqual(expected);
});

test("the prices", () => {
  const prices = JSON.parse(
    readFileSync(new URL("../../../../bench/prices.json", import.meta.url), "utf8"),
  ) as {
    readonly dynamodb: { readonly writeRequestUnit: number; readonly readRequestUnit: number };
    readonly sqs: { readonly fifoRequest: number };
    readonly lambda: { readonly request: number; readonly gbSecondArm64: number };
    readonly apiGateway: { readonly httpApiRequest: number };
  };
  expect(LIST_PRICES).toEqual({
    writeUnit: prices.dynamodb.writeRequestUnit,
    readUnit: prices.dynamodb.readRequestUnit,
    fifoRequest: prices.sqs.fifoRequest,
    lambdaRequest: prices.lambda.request,
    gbSecond: prices.lambda.gbSecondArm64,
    httpRequest: prices.apiGateway.httpApiRequest,
  });
});

test("a count differs past a tenth, and one of something that should be zero past none", () => {
  expect([differs(109, 100), differs(111, 100), differs(89, 100)]).toEqual([false, true, true]);
  expect([differs(0, 0), differs(1, 0)]).toEqual([false, true]);
});

test("a no-op call costs its request, its two functions and its write", () => {
  const each = dollars(MODEL["no-op service call"], 0);
  expect(each * 1e6).toBeCloseTo(1 + 2 * 0.2 + 0.625, 6);
  expect(modelOf(10).httpRequests).toBe(10 * Object.keys(MODEL).length);
});
