/** What `perdure events rejected` asks the server. */
import { path } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { detailLines } from "../details.ts";
import { CommandError } from "../exit.ts";
import type { AnswerFields } from "../fields.ts";
import type { Column } from "../table.ts";

interface RejectedView {
  readonly id: string;
  readonly subscription: string;
  readonly reason: string;
  readonly message: string;
  readonly status: string;
  readonly rejectedAt: string;
  readonly coordinates: string;
  readonly bytes: number;
  readonly key: string | undefined;
  readonly value: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly raw: Readonly<Record<string, unknown>>;
}

const rejectedIn = (fields: AnswerFields): RejectedView => ({
  id: fields.text("id"),
  subscription: fields.text("subscription"),
  reason: fields.text("reason"),
  message: fields.text("message"),
  status: fields.text("status"),
  rejectedAt: fields.text("rejected_at"),
  coordinates: fields.text("coordinates"),
  bytes: fields.number("bytes"),
  key: textOf(fields.object("key")),
  value: textOf(fields),
  headers: fields.texts("headers"),
  raw: fields.raw,
});

/** Bytes that are no text are shown in base64. */
const textOf = (fields: AnswerFields | undefined): string | undefined =>
  fields?.optionalText("value") ?? fields?.optionalText("value_base64");

const one = (subscription: string, id: string): string => path`/events/rejected/${subscription}/${id}`;

export async function listRejectedRecords(cli: Cli, subscription: string | undefined): Promise<void> {
  const admin = await cli.admin();
  const query = { subscription };
  const answer = await admin.fields("GET", "/events/rejected", { query });
  await cli.out.list({
    rows: answer.objects("rejected").map(rejectedIn),
    columns: columnsOf(cli),
    json: ({ raw }) => raw,
    empty: "No records were set aside.",
  });
  if (answer.optionalText("next") !== undefined) cli.out.note("There are more.");
}

const columnsOf = (cli: Cli): readonly Column<RejectedView>[] => [
  { name: "SUBSCRIPTION", of: ({ subscription }) => subscription },
  { name: "ID", of: ({ id }) => id },
  { name: "STATUS", of: ({ status }) => status },
  { name: "REASON", of: ({ reason }) => reason },
  { name: "RECORD", of: ({ coordinates }) => coordinates, least: 16 },
  { name: "REJECTED", of: ({ rejectedAt }) => cli.out.time(rejectedAt) },
];

export async function showRejectedRecord(cli: Cli, subscription: string, id: string): Promise<void> {
  const admin = await cli.admin();
  const shown = rejectedIn(await admin.fields("GET", one(subscription, id)));
  await cli.out.show(shown.raw, () => [
    ...detailLines(cli.out, [
      ["id", shown.id],
      ["subscription", shown.subscription],
      ["status", shown.status],
      ["reason", `${shown.reason}: ${shown.message}`],
      ["record", shown.coordinates],
      ["rejected", cli.out.time(shown.rejectedAt)],
      ["key", shown.key],
      ...Object.entries(shown.headers).map(([name, value]) => [`header ${name}`, value] as const),
      ["value", shown.value ?? `${shown.bytes} bytes`],
    ]),
  ]);
}

export async function retryRejectedRecord(
  cli: Cli,
  subscription: string,
  id: string,
  key: string | undefined,
): Promise<void> {
  const admin = await cli.admin();
  const body = key === undefined ? {} : { key };
  await admin.json("POST", `${one(subscription, id)}/retry`, { body });
  await cli.out.show({ id, subscription, retried: true }, () => [`${id} becomes an invocation`]);
}

export async function dropRejectedRecord(cli: Cli, subscription: string, id: string): Promise<void> {
  const admin = await cli.admin();
  await cli.confirm(`Drop the record ${id} of ${subscription}?`);
  await admin.json("POST", `${one(subscription, id)}/drop`);
  await cli.out.show({ id, subscription, dropped: true }, () => [`${id} was dropped`]);
}

/** Page by page, until all that waited is decided. Ends with an error if one could not be. */
export async function decideAllRejected(
  cli: Cli,
  subscription: string,
  verb: "retry" | "drop",
  key?: string,
): Promise<void> {
  const admin = await cli.admin();
  if (verb === "drop") await cli.confirm(`Drop all records of ${subscription} that wait?`);
  const succeeded: string[] = [];
  const failed: { readonly id: string; readonly message: string }[] = [];
  let after: string | undefined;
  do {
    const body = { key, after };
    const answer = await admin.fields("POST", path`/events/rejected/${subscription}/${verb}`, { body });
    succeeded.push(...answer.list("succeeded").map(String));
    failed.push(
      ...answer.objects("failed").map((each) => ({ id: each.text("id"), message: each.text("message") })),
    );
    after = answer.optionalText("next");
  } while (after !== undefined);
  const done = verb === "retry" ? "become invocations" : "were dropped";
  await cli.out.show({ subscription, succeeded, failed }, () => [
    `${succeeded.length} ${done}`,
    ...failed.map(({ id, message }) => `${id}: ${message}`),
  ]);
  if (failed.length > 0) throw new CommandError(`${failed.length} records wait still`);
}
