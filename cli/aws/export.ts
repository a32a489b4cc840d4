/**
 * Copies tables of a deployment out of DynamoDB, as they were at one moment, without taking read units: DynamoDB writes them to S3 from
 * its backups (docs/decisions/0038-exports.md).
 */
import { randomBytes } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { fromAttributeMap } from "../../lib/aws/attribute-value.ts";
import { withoutIndex } from "../../lib/aws/head-index.ts";
import { sha256 } from "../../lib/aws/signature.ts";
import {
  CLI_EXPORT_LOOK_MS,
  CLI_EXPORT_MS_MAX,
  CLI_EXPORT_PAGES_MAX,
  CLI_EXPORT_PAST_MS,
} from "../../lib/limits/cli.ts";
import type { Attributes, KeptTable } from "../../lib/model/item.ts";
import { isHead } from "../../lib/model/listing.ts";
import { CommandError } from "../exit.ts";
import { AnswerFields } from "../fields.ts";
import { element, elements, ServiceRefusal } from "./query.ts";
import { type AwsSession, explained, refusedByAws } from "./session.ts";
import { openChannel } from "./signed-http.ts";

export interface ExportedItem {
  readonly table: KeptTable;
  readonly pk: string;
  readonly sk: string;
  readonly attributes: Attributes;
}

export interface ExportPlace {
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
}

export interface ExportSteps {
  /** By the runtime's names for them. */
  readonly tables: Readonly<Record<KeptTable, string>>;
  readonly place: ExportPlace;
  /** What goes on, for somebody who waits. */
  readonly progress: (text: string) => void;
  /** Each item, once. */
  readonly take: (item: ExportedItem) => Promise<void>;
}

const NEEDS =
  "dynamodb:DescribeTable, ExportTableToPointInTime and DescribeExport on the tables, s3:PutObject, GetObject and ListBucket on the bucket";

/** `s3://bucket/prefix`. `undefined`: it is no such text. */
export function placeIn(text: string): ExportPlace | undefined {
  const [, bucket, prefix = ""] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w./-]*))?$/u.exec(text) ?? [];
  return bucket === undefined ? undefined : { bucket, prefix: prefix.replaceAll(/^\/+|\/+$/gu, "") };
}

/** Returns how many items there were. Throws {@link CommandError} that says what is missing. */
export async function exportTables(session: AwsSession, steps: ExportSteps): Promise<number> {
  const { tables, place, progress } = steps;
  // All tables as they were at one moment: an object's state belongs to its invocations.
  const run = `perdure-${new Date().toISOString().replaceAll(/[:.]/gu, "-")}-${randomBytes(4).toString("hex")}`;
  const names = Object.entries(tables) as [KeptTable, string][];
  const atSeconds = Math.floor((Date.now() - CLI_EXPORT_PAST_MS) / 1000);
  const exports = await Promise.all(
    names.map(async ([table, name]) => {
      const prefix = [place.prefix, run, table].filter((part) => part !== "").join("/");
      return { table, prefix, arn: await begin(session, name, { ...place, prefix }, atSeconds) };
    }),
  );
  let items = 0;
  for (const { table, prefix, arn } of exports) {
    const expected = await done(session, arn, (text) => progress(`${table}: ${text}`));
    const found = await read(
      session,
      { ...place, prefix },
      async (line) => await steps.take(itemIn(line, table)),
    );
    if (expected !== undefined && found !== expected)
      throw new CommandError(
        `the export of ${table} is not whole: it has ${found} of ${expected} items at s3://${place.bucket}/${prefix}`,
      );
    items += found;
    progress(`${table}: ${found} items`);
  }
  return items;
}

async function begin(
  session: AwsSession,
  name: string,
  place: ExportPlace,
  atSeconds: number,
): Promise<string> {
  const ask = async (operation: string, input: object): Promise<AnswerFields> =>
    new AnswerFields(await session.query.json("dynamodb", operation, input), operation);
  try {
    const described = await ask("DescribeTable", { TableName: name });
    const answer = await ask("ExportTableToPointInTime", {
      TableArn: described.object("Table")?.text("TableArn"),
      ...{ S3Bucket: place.bucket, S3Prefix: place.prefix, ExportFormat: "DYNAMODB_JSON" },
      // An emulator knows no moments.
      ...(session.endpoint === undefined ? { ExportTime: atSeconds } : {}),
    });
    return answer.object("ExportDescription")?.text("ExportArn") ?? "";
  } catch (error) {
    if (error instanceof ServiceRefusal && /PointInTimeRecovery/u.test(error.code))
      throw new CommandError(
        `the table ${name} has no point-in-time recovery, which an export is made from`,
        {
          advice: "Deploy the runtime with `pointInTimeRecovery: true` (the default).",
          cause: error,
        },
      );
    throw refusedByAws(error, NEEDS);
  }
}

/** Waits for the end. Returns how many items DynamoDB has counted. */
async function done(
  session: AwsSession,
  arn: string,
  progress: (text: string) => void,
): Promise<number | undefined> {
  for (const endMs = Date.now() + CLI_EXPORT_MS_MAX; ;) {
    const answer = await session.query
      .json("dynamodb", "DescribeExport", { ExportArn: arn })
      .catch((error: unknown) => Promise.reject(refusedByAws(error, NEEDS)));
    const described = new AnswerFields(answer, "DescribeExport").object("ExportDescription");
    const status = described?.text("ExportStatus");
    if (status === "COMPLETED") return described?.optionalNumber("ItemCount");
    if (status === "FAILED")
      throw new CommandError(
        `DynamoDB could not export: ${described?.optionalText("FailureMessage") ?? "it does not say why"}`,
        { advice: `You need ${NEEDS}.` },
      );
    if (Date.now() > endMs)
      throw new CommandError(`the export ${arn} has not ended; it goes on without this command`);
    progress("DynamoDB is writing it, which takes some minutes");
    await new Promise((resolve) => void setTimeout(resolve, CLI_EXPORT_LOOK_MS));
  }
}

/** The lines of all data files of one export. */
async function read(
  session: AwsSession,
  { bucket, prefix }: ExportPlace,
  take: (line: string) => Promise<void>,
): Promise<number> {
  let lines = 0;
  for (const key of await dataFiles(session, bucket, prefix)) {
    const text = gunzipSync(await fromS3(session, `/${bucket}/${key}`)).toString();
    for (const line of text.split("\n")) {
      if (line.trim() === "") continue;
      await take(line);
      lines++;
    }
  }
  return lines;
}

async function dataFiles(session: AwsSession, bucket: string, prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  let token: string | undefined;
  for (let page = 0; page < CLI_EXPORT_PAGES_MAX; page++) {
    const query = new URLSearchParams({ "list-type": "2", prefix: `${prefix}/` });
    if (token !== undefined) query.set("continuation-token", token);
    const xml = (await fromS3(session, `/${bucket}?${query.toString().replaceAll("+", "%20")}`)).toString();
    keys.push(...elements(xml, "Key").filter((key) => /\/data\/[^/]+\.gz$/u.test(key)));
    token = element(xml, "NextContinuationToken");
    if (token === undefined) return keys;
  }
  throw new CommandError(`s3://${bucket}/${prefix} has too many files`);
}

/** The bucket's region is the table's. */
async function fromS3(session: AwsSession, path: string): Promise<Buffer> {
  const { region, endpoint, credentials } = session;
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const channel = openChannel({
    url: `https://s3.${region}.${suffix}`,
    endpoint,
    region,
    service: "s3",
    credentials,
  });
  try {
    const { status, body } = await channel.request("GET", path, {
      headers: { "x-amz-content-sha256": sha256("") },
    });
    if (status === 200) return body;
    const xml = body.toString();
    throw explained(
      element(xml, "Code") ?? `status ${status}`,
      `${element(xml, "Message") ?? ""} (S3)`,
      NEEDS,
    );
  } finally {
    channel.close();
  }
}

/** A line of a data file: `{"Item": {"pk": {"S": "…"}, …}}`. */
export function itemIn(line: string, table: KeptTable): ExportedItem {
  const parsed = JSON.parse(line, bytesOf) as { readonly Item?: Parameters<typeof fromAttributeMap>[0] };
  const { pk, sk, ...attributes } = parsed.Item ?? {};
  if (pk?.S === undefined || sk?.S === undefined)
    throw new CommandError(`a line of the export is no item of ours: ${line.slice(0, SHOWN)}`);
  const own = isHead({ table, sk: sk.S }) ? withoutIndex(attributes) : attributes;
  return { table, pk: pk.S, sk: sk.S, attributes: fromAttributeMap(own) };
}

/** Of a line that cannot be read, so many characters are shown. */
const SHOWN = 100;

/** A text under `B` is bytes. An attribute with that name would hold an object. */
const bytesOf = (name: string, value: unknown): unknown =>
  name === "B" && typeof value === "string" ? new Uint8Array(Buffer.from(value, "base64")) : value;
