/** Versions and aliases of functions: what registering, retiring and the direct door rest on. Nothing is invoked: that needs containers. */
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  LambdaClient,
  ListTagsCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { beforeAll, describe, expect, test } from "vitest";
import { LambdaVersions } from "../../runtime/aws/lambda-versions.ts";
import { MOTO_ACCOUNT } from "../support/emulator-moto.ts";
import { restServiceOf, sharedMoto, whyNoMoto } from "./shared-moto.ts";

/** An archive without files, told from another one by its comment. */
function archive(comment: string): Uint8Array {
  const bytes = Buffer.alloc(22);
  bytes.write("PK\u0005\u0006");
  bytes.writeUInt16LE(comment.length, 20);
  return Buffer.concat([bytes, Buffer.from(comment)]);
}

describe.skipIf(whyNoMoto !== undefined)("Lambda's control plane (moto)", () => {
  const open = sharedMoto();
  let client: LambdaClient;
  let place: ReturnType<typeof open>;
  let made = 0;
  const Role = `arn:aws:iam::${MOTO_ACCOUNT}:role/handlers`;

  beforeAll(async () => {
    place = open();
    const { endpoint, config } = place;
    client = new LambdaClient({ ...config, maxAttempts: 1 });
    await makeRole(endpoint, "handlers");
  });

  const functionOf = async (): Promise<string> => {
    const FunctionName = `function-${++made}`;
    await client.send(
      new CreateFunctionCommand({
        ...{ FunctionName, Role, Runtime: "nodejs24.x", Handler: "index.handler", Architectures: ["arm64"] },
        Code: { ZipFile: archive("1") },
        Environment: { Variables: { TABLE: "first" } },
        Tags: { "perdure:services": "Greeter" },
      }),
    );
    return FunctionName;
  };
  const publish = async (FunctionName: string) => {
    const { Version = "", FunctionArn = "" } = await client.send(new PublishVersionCommand({ FunctionName }));
    return { version: Version, address: FunctionArn };
  };
  const tableOf = async (FunctionName: string, Qualifier: string): Promise<string | undefined> => {
    const { Configuration } = await client.send(new GetFunctionCommand({ FunctionName, Qualifier }));
    return Configuration?.Environment?.Variables?.["TABLE"];
  };
  const nameOf = async (asked: Promise<unknown>): Promise<string> =>
    await asked.then(
      () => "nothing was thrown",
      (error: unknown) => (error instanceof Error ? error.name : "no Error"),
    );

  test("to publish again what has not changed answers the same version (H1)", async () => {
    const name = await functionOf();
    const first = await publish(name);
    expect(first.version).toBe("1");
    expect(first.address).toMatch(/:function:function-\d+:1$/);
    expect(await publish(name)).toEqual(first);
    await client.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: archive("2") }));
    expect((await publish(name)).version).toBe("2");
    const { Versions = [] } = await client.send(new ListVersionsByFunctionCommand({ FunctionName: name }));
    expect(Versions.map(({ Version }) => Version)).toEqual(["$LATEST", "1", "2"]);
  });

  test("a version keeps the variables that it was published with (C1)", async () => {
    const name = await functionOf();
    const { version } = await publish(name);
    const Environment = { Variables: { TABLE: "restored" } };
    await client.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Environment }));
    expect(await tableOf(name, "$LATEST")).toBe("restored");
    expect(await tableOf(name, version)).toBe("first");
  });

  test("an alias moves from version to version, and is made once", async () => {
    const name = await functionOf();
    await publish(name);
    const alias = { FunctionName: name, Name: "live" };
    await client.send(new CreateAliasCommand({ ...alias, FunctionVersion: "1" }));
    // AWS calls it ResourceConflictException.
    expect(await nameOf(client.send(new CreateAliasCommand({ ...alias, FunctionVersion: "1" })))).toMatch(
      /ConflictException$/,
    );
    await client.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: archive("2") }));
    await publish(name);
    await client.send(new UpdateAliasCommand({ ...alias, FunctionVersion: "2" }));
    expect((await client.send(new GetAliasCommand(alias))).FunctionVersion).toBe("2");
  });

  test("a version is removed; again is harmless; the function and its other versions stay", async () => {
    const name = await functionOf();
    const first = await publish(name);
    await client.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: archive("2") }));
    await publish(name);
    const versions = new LambdaVersions(restServiceOf("lambda", place, 3));
    await versions.remove(first.address);
    await versions.remove(first.address);
    expect(await nameOf(tableOf(name, "1"))).toBe("ResourceNotFoundException");
    expect([await tableOf(name, "2"), await tableOf(name, "$LATEST")]).toEqual(["first", "first"]);
  });

  test("an address that is no version's removes nothing", async () => {
    const name = await functionOf();
    const { address } = await publish(name);
    await new LambdaVersions(restServiceOf("lambda", place, 3)).remove(address.replace(/:1$/, ""));
    expect(await tableOf(name, "1")).toBe("first");
  });

  test("tags are the function's", async () => {
    const name = await functionOf();
    const { address } = await publish(name);
    const { Tags } = await client.send(new ListTagsCommand({ Resource: address.replace(/:1$/, "") }));
    expect(Tags).toEqual({ "perdure:services": "Greeter" });
  });
});

/** moto looks for the role of a function. IAM's own client is no package of ours. */
async function makeRole(endpoint: string, name: string): Promise<void> {
  const scope = "20260101/us-east-1/iam/aws4_request";
  const answer = await fetch(endpoint, {
    method: "POST",
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=test/${scope}, SignedHeaders=host, Signature=0` },
    body: new URLSearchParams({
      ...{ Action: "CreateRole", Version: "2010-05-08", RoleName: name },
      AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [] }),
    }),
  });
  if (!answer.ok) throw new Error(`no role was made: ${await answer.text()}`);
}
