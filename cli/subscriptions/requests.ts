/** What `perdure subscriptions` asks the server. */
import { type AdminClient, type AdminRequest, jsonOf, path, refusalOf } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { detailLines } from "../details.ts";
import { CommandError, EXIT, UsageError } from "../exit.ts";
import { AnswerFields } from "../fields.ts";
import type { Column } from "../table.ts";

interface Subscription {
  readonly id: string;
  readonly source: string;
  readonly sink: string;
  readonly options: Readonly<Record<string, string>>;
  readonly raw: Readonly<Record<string, unknown>>;
}

const subscriptionIn = (fields: AnswerFields): Subscription => ({
  id: fields.text("id"),
  source: fields.text("source"),
  sink: fields.text("sink"),
  options: fields.texts("options"),
  raw: fields.raw,
});

const ROOT = "/subscriptions";

export async function listSubscriptions(
  cli: Cli,
  filter: { readonly source?: string; readonly sink?: string },
): Promise<void> {
  const answer = await asked(await cli.admin(), "GET", ROOT, { query: { ...filter } });
  await cli.out.list({
    rows: new AnswerFields(answer, "answer").objects("subscriptions").map(subscriptionIn),
    columns: COLUMNS,
    json: ({ raw }) => raw,
    empty: "No subscriptions.",
  });
}

const COLUMNS: readonly Column<Subscription>[] = [
  { name: "ID", of: ({ id }) => id },
  { name: "SOURCE", of: ({ source }) => source, least: 16 },
  { name: "SINK", of: ({ sink }) => sink, least: 16 },
];

export async function createSubscription(
  cli: Cli,
  source: string,
  sink: string,
  options: readonly string[],
  name?: string,
): Promise<void> {
  const body = { source, sink, options: optionsIn(options), ...(name === undefined ? {} : { name }) };
  await show(cli, await asked(await cli.admin(), "POST", ROOT, { body }));
}

/** Throws {@link UsageError}. */
function optionsIn(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at <= 0) throw new UsageError(`an option is name=value, not "${text}"`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

export async function describeSubscription(cli: Cli, id: string): Promise<void> {
  await show(cli, await asked(await cli.admin(), "GET", path`/subscriptions/${id}`, {}, id));
}

export async function removeSubscription(cli: Cli, id: string): Promise<void> {
  const admin = await cli.admin();
  await asked(admin, "GET", path`/subscriptions/${id}`, {}, id);
  await cli.confirm(`End the subscription ${id}?`);
  await asked(admin, "DELETE", path`/subscriptions/${id}`, {}, id);
  await cli.out.show({ id, removed: true }, () => [`Ended ${id}`]);
}

async function show(cli: Cli, answer: unknown): Promise<void> {
  const { id, source, sink, options, raw } = subscriptionIn(new AnswerFields(answer, "answer"));
  await cli.out.show(raw, () =>
    detailLines(cli.out, [
      ["id", id],
      ["source", source],
      ["sink", sink],
      ...Object.entries(options).map(([name, value]) => [`option ${name}`, value] as const),
      ...consumerLines(raw["perdure"]),
    ]),
  );
}

/** Of a server that reads the source by itself. */
function consumerLines(answer: unknown): readonly (readonly [string, string])[] {
  if (answer === undefined) return [];
  const consumer = new AnswerFields(answer, "perdure");
  const lag = consumer.optionalNumber("lag");
  const last = consumer.optionalText("last_record_at");
  const error = consumer.object("last_error");
  return [
    ["state", consumer.text("state")],
    ["lag", lag === undefined ? "not known" : String(lag)],
    ...(last === undefined ? [] : [["last record", last] as const]),
    ...(error === undefined
      ? []
      : [
          [
            "last error",
            `${error.text("message")} (${error.text("at")}, ${consumer.number("errors")} in all)`,
          ] as const,
        ]),
    ...consumer.objects("partitions").map((partition) => {
      const offset = partition.optionalText("offset") ?? "not known";
      const behind = partition.optionalNumber("lag");
      const text = `offset ${offset}, lag ${behind ?? "not known"}${partition.flag("failing") ? ", failing" : ""}`;
      return [`partition ${partition.number("partition")}`, text] as const;
    }),
  ];
}

/** `id`: the subscription that the path names. A path that is not served at all means a server without event sources. */
async function asked(
  admin: AdminClient,
  method: string,
  at: string,
  request: AdminRequest,
  id?: string,
): Promise<unknown> {
  const answer = await admin.raw(method, at, request);
  if (answer.status < 400) return jsonOf(answer);
  const isServed = answer.status !== 404 || (id !== undefined && (await isAnswered(admin)));
  if (!isServed) {
    throw new CommandError(`${admin.address} has no subscriptions: it is without event sources`, {
      advice: "Event sources come with a later version of the server.",
    });
  }
  if (answer.status === 404)
    throw new CommandError(`${admin.address} has no subscription "${id ?? ""}"`, {
      exitCode: EXIT.nothing,
      advice: "`perdure subscriptions list` shows them.",
    });
  throw refusalOf(answer);
}

const isAnswered = async (admin: AdminClient): Promise<boolean> =>
  (await admin.raw("GET", ROOT)).status < 400;
