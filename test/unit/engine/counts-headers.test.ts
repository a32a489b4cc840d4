/** What headers cost, exactly, in units of DynamoDB: a caller's token makes no append dearer (docs/decisions/0024-secrets-and-capabilities.md). */
import { service, type Caller, type Context } from "perdure";
import { expect, test } from "vitest";
import { Account } from "../../../bench/model/account.ts";

const sleeping = (passHeaders: string[]) =>
  service({
    name: "Sleeping",
    options: { passHeaders },
    handlers: {
      sleeps: async (ctx: Context, count: number) => {
        for (let done = 0; done < count; done++) await ctx.sleep({ minutes: 1 });
        return [ctx.request().headers.get("authorization")?.length, ctx.request().caller?.kind];
      },
      steps: async (ctx: Context, count: number) => {
        for (let step = 0; step < count; step++) await ctx.run(`step ${step}`, () => step);
      },
    },
  });

interface Asked {
  readonly path: string;
  readonly count: number;
  readonly headers: Record<string, string>;
  readonly caller?: Caller;
  readonly passHeaders?: string[];
}

/** Units of writes and of reads. */
async function unitsOf({ path, count, headers, caller, passHeaders = [] }: Asked): Promise<[number, number]> {
  const account = await Account.open({ services: [sleeping(passHeaders)] });
  const options = { headers, ...(caller === undefined ? {} : { caller }) };
  const run = async () => void (await account.http(`/Sleeping/${path}/send`, count, options));
  await account.measure(run);
  await account.warm();
  const { writeUnits, readUnits } = await account.measure(run);
  return [writeUnits, readUnits];
}

const TOKEN = { authorization: `Bearer ${"x".repeat(1100)}` };
const SESSION = { ...TOKEN, "x-amz-security-token": "y".repeat(900), "x-amz-date": "20261128T180000Z" };
const BROWSER = {
  ...{ accept: "application/json", "accept-language": "de-CH,de;q=0.9", "content-type": "application/json" },
  "user-agent":
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36",
};
const ROLE: Caller = {
  ...{ kind: "iam", accountId: "123456789012", userId: "AROAEXAMPLEEXAMPLE:session" },
  ...{
    userArn: "arn:aws:sts::123456789012:assumed-role/orders-api/session",
    callerId: "AROAEXAMPLE:session",
  },
};
const CLAIMS: Caller = { kind: "jwt", claims: { sub: "u-1", groups: "g".repeat(700) } };

const sleeps = { path: "sleeps", count: 5 };
const BASE: [number, number] = [8, 10];

test.each<[string, Omit<Asked, "path" | "count">, [number, number]]>([
  ["none", { headers: {} }, BASE],
  ["a token, which is left out", { headers: TOKEN }, BASE],
  ["a role's session, which is left out; the role is there", { headers: SESSION, caller: ROLE }, BASE],
  ["a browser's", { headers: { ...BROWSER, ...TOKEN }, caller: ROLE }, BASE],
])("five sleeps of a minute, with headers: %s", async (_, asked, expected) => {
  expect(await unitsOf({ ...sleeps, ...asked })).toEqual(expected);
});

test.each<[string, Omit<Asked, "path" | "count">, number, number]>([
  ["a token that is named", { headers: TOKEN, passHeaders: ["authorization"] }, 2, 1],
  ["700 bytes of claims", { headers: TOKEN, caller: CLAIMS }, 1, 1],
])("%s: written once, and read by each replay", async (_, asked, written, read) => {
  for (const count of [1, 5]) {
    const [writes, reads] = await unitsOf({ path: "sleeps", count, headers: {} });
    const [more, moreReads] = await unitsOf({ path: "sleeps", count, ...asked });
    expect([more - writes, moreReads - reads]).toEqual([written, read * count]);
  }
});

test("what completes without having rested stores no long headers", async () => {
  const steps = { path: "steps", count: 10 };
  const asked = { headers: TOKEN, passHeaders: ["authorization"], caller: CLAIMS };
  expect(await unitsOf({ ...steps, ...asked })).toEqual(await unitsOf({ ...steps, headers: {} }));
});
