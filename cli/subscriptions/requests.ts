/** What `perdure subscriptions` asks the server. */
import { type AdminClient, type AdminRequest, jsonOf, path, refusalOf } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { type Detail, detailLines } from "../details.ts";
import { CommandError, EXIT, UsageError } from "../exit.ts";
import { AnswerFields } from "../fields.ts";
import type { Column } from "../table.ts";

interface Subscription {
  readonly id: string;
  readonly source: string;
  readonly sink: string;
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
  /** Of a server that says how it is doing. */
  readonly status: AnswerFields | undefined;
  readonly raw: Readonly<Record<string, unknown>>;
}

const subscriptionIn = (fields: AnswerFields): Subscription => ({
  id: fields.text("id"),
  name: fields.optionalText("name") ?? fields.text("id"),
  status: fields.object("status"),
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
  const answer = await asked(await cli.admin(), "GET", ROOT, { query: { ...filter, status: "true" } });
  await cli.out.list({
    rows: new AnswerFields(answer, "answer").objects("subscriptions").map(subscriptionIn),
    columns: COLUMNS,
    json: ({ raw }) => raw,
    empty: "No subscriptions.",
  });
}

const COLUMNS: readonly Column<Subscription>[] = [
  { name: "ID", of: ({ id }) => id },
  { name: "NAME", of: ({ id, name }) => (name === id ? undefined : name) },
  { name: "SOURCE", of: ({ source }) => source, least: 16 },
  { name: "SINK", of: ({ sink }) => sink, least: 16 },
  { name: "STATE", of: ({ status }) => status?.optionalText("state") },
  { name: "LAG", of: ({ status }) => status?.optionalNumber("lag")?.toString() },
  { name: "RATE", of: ({ status }) => rateOf(status) },
];

/** Records a second, of the last minute. */
function rateOf(status: AnswerFields | undefined): string | undefined {
  const accepted = status?.object("counts")?.optionalNumber("accepted_last_minute");
  return accepted === undefined ? undefined : `${Number((accepted / 60).toPrecision(2))}/s`;
}

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

export async function pauseSubscription(cli: Cli, id: string, paused: boolean): Promise<void> {
  await asked(await cli.admin(), "PATCH", path`/subscriptions/${id}`, { body: { paused } }, id);
  const does = paused ? "is paused; what was started goes on" : "goes on";
  await cli.out.show({ id, paused }, () => [`${id} ${does}`]);
}

/** `earliest`, `latest`, a time, or `PARTITION=OFFSET` as often as wanted. Throws {@link UsageError}. */
function targetOf(texts: readonly string[]): unknown {
  const [first = "", ...more] = texts;
  const isOffset = (text: string): boolean => /^\d+=\d+$/u.test(text);
  if (texts.every(isOffset)) return Object.fromEntries(texts.map((text) => text.split("=")));
  if (more.length > 0)
    throw new UsageError(`where to is earliest, latest, a time, or offsets such as 0=42 1=17`);
  return first;
}

/** Moves a topic's group; `isReplay`: what has run runs once more. */
export async function moveSubscription(
  cli: Cli,
  id: string,
  where: readonly string[],
  isReplay: boolean,
): Promise<void> {
  const [verb, field] = isReplay ? ["replay", "from"] : ["skip", "to"];
  const target = targetOf(where);
  await cli.confirm(
    isReplay
      ? `Run all records of ${id} from ${where.join(" ")} on once more?`
      : `Read ${id} from ${where.join(" ")} on?`,
  );
  const body = { [field]: target };
  const answer = await asked(await cli.admin(), "POST", path`/subscriptions/${id}/${verb}`, { body }, id);
  const fields = new AnswerFields(answer, "answer");
  await cli.out.show(fields.raw, () => [
    ...fields.objects("partitions").map((each) => {
      const from = each.optionalText("from") ?? "nowhere";
      return `partition ${each.number("partition")}: from ${from} to ${each.text("to")}`;
    }),
    isReplay
      ? `All of it is of generation ${fields.number("generation")}: it runs once more.`
      : "What has run does not run again. What was left out is kept in mind: a skip back fetches it.",
  ]);
}

async function show(cli: Cli, answer: unknown): Promise<void> {
  const fields = new AnswerFields(answer, "answer");
  const { id, name, source, sink, options, status, raw } = subscriptionIn(fields);
  const consumer = fields.object("perdure");
  await cli.out.show(raw, () =>
    detailLines(cli.out, [
      ["id", id],
      ["name", name === id ? undefined : name],
      ["source", source],
      ["sink", sink],
      ...Object.entries(options).map(([option, value]) => [`option ${option}`, value] as const),
      ...(consumer ? consumerLines(consumer) : statusLines(cli, status)),
      ...tickLines(cli, fields.object("last_tick")),
      ...countLines(status),
    ]),
  );
}

/** Of what is no topic that the server reads. */
function statusLines(cli: Cli, status: AnswerFields | undefined): readonly Detail[] {
  const error = status?.object("last_error");
  const next = status?.optionalText("next_tick");
  return [
    ["state", status?.optionalText("state")],
    ["next tick", next === undefined ? undefined : cli.out.time(next)],
    ["last error", error && `${error.text("message")} (${cli.out.time(error.text("at"))})`],
  ];
}

function tickLines(cli: Cli, tick: AnswerFields | undefined): readonly Detail[] {
  if (tick === undefined) return [];
  const became = tick.optionalText("invocation_id");
  return [["last tick", `${cli.out.time(tick.text("at"))}${became === undefined ? "" : `, ${became}`}`]];
}

function countLines(status: AnswerFields | undefined): readonly Detail[] {
  const counts = status?.object("counts");
  if (!counts) return [];
  const words = ["accepted", "repeated", "rejected", "failed"].map(
    (name) => `${counts.number(name)} ${name}`,
  );
  return [["records", `${words.join(", ")} since the server started; ${rateOf(status) ?? "-"}`]];
}

/** Of a server that reads the source by itself. */
function consumerLines(consumer: AnswerFields): readonly Detail[] {
  const lag = consumer.optionalNumber("lag");
  const error = consumer.object("last_error");
  return [
    ["state", consumer.text("state")],
    ["lag", lag === undefined ? "not known" : String(lag)],
    ["last record", consumer.optionalText("last_record_at")],
    [
      "last error",
      error && `${error.text("message")} (${error.text("at")}, ${consumer.number("errors")} in all)`,
    ],
    ...consumer.objects("partitions").map((partition) => {
      const offset = partition.optionalText("offset") ?? "not known";
      const behind = partition.optionalNumber("lag");
      const text = `offset ${offset}, lag ${behind ?? "not known"}${partition.flag("failing") ? ", failing" : ""}`;
      return [`partition ${partition.number("partition")}`, text] satisfies Detail;
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
