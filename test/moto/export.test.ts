// Tables are exported to S3, and the copy is asked: no item of the table is read. moto writes the data files, and no manifest.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UpdateContinuousBackupsCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exportTables, type ExportSteps } from "../../cli/aws/export.ts";
import { openSession } from "../../cli/aws/session.ts";
import { openChannel } from "../../cli/aws/signed-http.ts";
import { ExportDoor, openExport } from "../../cli/exports/door.ts";
import { systemClock } from "../../lib/clock.ts";
import { sha256 } from "../../lib/aws/signature.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { service } from "../../sdk/index.ts";
import { createEndpoint } from "../../sdk/endpoint.ts";
import { ExportedData } from "../../runtime/dev/exported-data.ts";
import { DUMMY_CREDENTIALS, TABLES, withTables } from "../support/emulator-dynamo.ts";
import { sharedMoto, whyNoMoto } from "./shared-moto.ts";

const BUCKET = "exports";
const folder = mkdtempSync(join(tmpdir(), "perdure-export-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(whyNoMoto !== undefined)("an export of the tables (moto)", () => {
  const open = sharedMoto();
  let endpoint: string;
  let region: string;
  beforeAll(() => ({ endpoint, region } = open()));
  const session = async () =>
    await openSession(
      { region, endpoint },
      {
        AWS_ACCESS_KEY_ID: DUMMY_CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: DUMMY_CREDENTIALS.secretAccessKey,
      },
    );
  const makeBucket = async (): Promise<void> => {
    const { credentials } = await session();
    const url = `https://s3.${region}.amazonaws.com`;
    const channel = openChannel({ ...{ url, endpoint, region, credentials }, service: "s3" });
    const headers = { "x-amz-content-sha256": sha256("") };
    await channel.request("PUT", `/${BUCKET}`, { headers });
    channel.close();
  };
  const exported = async (data: ExportedData, bucket = BUCKET): Promise<number> => {
    const steps: ExportSteps = {
      ...{ tables: TABLES, place: { bucket, prefix: "copies" }, progress: () => undefined },
      take: async ({ table, pk, sk, attributes }) => await data.add({ table, pk, sk }, attributes),
    };
    const items = await exportTables(await session(), steps);
    await data.settled();
    return items;
  };
  const logger = { log: () => undefined };

  test("is a data file that answers queries, with all values as they were", async () => {
    const emulator = await withTables(endpoint, [], async () => undefined, region);
    const items = emulator.items();
    const greeter = service({ name: "Greeter", handlers: { greet: async () => "hello" } });
    await new ItemRegistry(items, systemClock).register({
      ...{ id: "dp_1", address: "in-process", createdAtMs: 1 },
      services: createEndpoint([greeter]).discover().services,
    });
    const key = { table: "state", pk: "s", sk: "a/b" } as const;
    const attributes = { bytes: new Uint8Array([0, 255]), n: 1.5, deep: { list: ["ü", null, true] } };
    await items.write({ op: "put", key, attributes });
    await expect(exported(new ExportedData(join(folder, "early.sqlite"), logger))).rejects.toThrow(
      "has no point-in-time recovery",
    );
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
    for (const TableName of Object.values(TABLES)) {
      const input = { TableName, PointInTimeRecoverySpecification };
      await emulator.client().send(new UpdateContinuousBackupsCommand(input));
    }
    await makeBucket();
    const file = join(folder, "copy.sqlite");
    const data = new ExportedData(file, logger);
    const count = await exported(data);
    expect(count).toBeGreaterThanOrEqual(3);
    expect(await data.item(key)).toEqual(attributes);
    new ExportDoor(file, data).close();

    const door = openExport(file);
    const answer = await door.send({
      ...{
        method: "POST",
        path: "/query",
        headers: { "content-type": "application/json", accept: "application/json" },
      },
      body: JSON.stringify({ query: "select name from sys_service" }),
    });
    expect(JSON.parse(new TextDecoder().decode(answer.body))).toMatchObject({ rows: [{ name: "Greeter" }] });
    door.close();
    await emulator.close();
  });

  test("into a bucket that is not there fails, and says it", async () => {
    const data = new ExportedData(join(folder, "none.sqlite"), logger);
    await expect(exported(data, "nowhere-at-all")).rejects.toThrow(/bucket/iu);
    data.close();
  });
});
