/** The tables: those that hold what the runtime knows are kept, that of guards is not. */
import { App, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { Table } from "aws-cdk-lib/aws-dynamodb";
import { describe, expect, test } from "vitest";
import { PerdureRuntime } from "../../infra/index.ts";
import { makeStack, ofType, type TestStack } from "./stack.ts";

const { resources } = makeStack();

describe("tables", () => {
  /** Those that hold what the runtime knows, and that of guards. */
  const tablesOf = (made: TestStack["resources"]) => {
    const all = ofType(made, "AWS::DynamoDB::Table");
    const isOfGuards = ([id]: (typeof all)[number]): boolean => id.includes("TablesGuards");
    return { all, kept: all.filter((table) => !isOfGuards(table)), ofGuards: all.filter(isOfGuards) };
  };

  test("are encrypted, billed on demand, and forget what has a time", () => {
    const { all } = tablesOf(resources);
    expect(all).toHaveLength(4);
    for (const [, { Properties }] of all) {
      expect(Properties).toMatchObject({
        BillingMode: "PAY_PER_REQUEST",
        TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "sk", KeyType: "RANGE" },
        ],
      });
      // DynamoDB always encrypts. Without a specification it uses a key that AWS owns.
      expect(Properties["SSESpecification"]).toMatchObject({ SSEEnabled: false });
    }
    const withKey = tablesOf(makeStack({ ownKey: true }).resources).all;
    expect(withKey).toHaveLength(4);
    for (const [, { Properties }] of withKey)
      expect(Properties["SSESpecification"]).toEqual({
        ...{ SSEEnabled: true, SSEType: "KMS" },
        KMSMasterKeyId: { "Fn::GetAtt": [expect.stringMatching(/^Key/), "Arn"] },
      });
  });

  test("are kept, protected, and can be restored, if they hold what the runtime knows", () => {
    const { kept } = tablesOf(resources);
    expect(kept).toHaveLength(3);
    for (const [, { Properties, DeletionPolicy }] of kept) {
      expect(DeletionPolicy).toBe("Retain");
      expect(Properties).toMatchObject({
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      });
    }
  });

  test.each<[string, Parameters<typeof makeStack>[0]]>([
    ["by default", {}],
    ["with the defaults said", { deletionProtection: true, pointInTimeRecovery: true }],
    ["with tables that stay", { removalPolicy: RemovalPolicy.RETAIN, deletionProtection: false }],
    ["with an own key", { ownKey: true }],
  ])("hold guards in one that goes with the stack and cannot be restored, %s", (_, props) => {
    const { ofGuards } = tablesOf(makeStack(props).resources);
    expect(ofGuards).toHaveLength(1);
    const [[, { Properties, ...policies }] = ["", { Properties: {} }]] = ofGuards;
    expect(policies).toMatchObject({ DeletionPolicy: "Delete", UpdateReplacePolicy: "Delete" });
    expect(Properties).toMatchObject({
      DeletionProtectionEnabled: false,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
    });
  });

  test("that are not protected go with a first deployment that fails, and stay in all other cases", () => {
    const made = makeStack({ deletionProtection: false });
    const { kept } = tablesOf(made.resources);
    expect(kept).toHaveLength(3);
    for (const [, { DeletionPolicy, ...table }] of kept)
      expect([DeletionPolicy, table]).toMatchObject([
        "RetainExceptOnCreate",
        { UpdateReplacePolicy: "Retain" },
      ]);
  });

  test("go with the stack if told so", () => {
    const made = makeStack({ removalPolicy: RemovalPolicy.DESTROY });
    for (const [, { Properties, DeletionPolicy }] of ofType(made.resources, "AWS::DynamoDB::Table")) {
      expect([DeletionPolicy, Properties["DeletionProtectionEnabled"]]).toEqual(["Delete", false]);
    }
  });

  test("may be there already, all but that of guards", () => {
    const stack = new Stack(new App({ analyticsReporting: false }), "Test");
    const restored = (name: string) => Table.fromTableName(stack, `Restored ${name}`, `restored-${name}`);
    const [journal, state, registry] = [restored("journal"), restored("state"), restored("registry")];
    const runtime = new PerdureRuntime(stack, "Runtime", { tables: { journal } });
    new PerdureRuntime(stack, "Other", { tables: { journal, state, registry } });
    const found = Object.keys(Template.fromStack(stack).findResources("AWS::DynamoDB::Table"));
    expect(found.map((id) => id.replace(/[0-9A-F]{8}$/, ""))).toEqual([
      "RuntimeTablesState",
      "RuntimeTablesRegistry",
      "RuntimeTablesGuards",
      "OtherTablesGuards",
    ]);
    expect(runtime.tables.journal.tableName).toBe("restored-journal");
  });
});
