/** `perdure events send`. */
import { jsonOf, path, refusalOf } from "../admin-client.ts";
import { inputOf } from "../calls/input.ts";
import type { Cli } from "../cli.ts";
import { detailLines } from "../details.ts";
import { CommandError } from "../exit.ts";
import { AnswerFields } from "../fields.ts";

/** A push that fails is answered so, with what failed. */
const PUSH_FAILED = 503;

/** Ends with an error if records are to be delivered again. */
export async function sendEvent(cli: Cli, file: string, subscription: string): Promise<void> {
  const { body } = await inputOf(file === "-" ? file : `@${file}`, {});
  const event = JSON.parse(new TextDecoder().decode(body)) as unknown;
  const admin = await cli.admin();
  const answer = await admin.raw("POST", path`/events/${subscription}`, { body: event });
  const fields =
    answer.status === 200 || answer.status === PUSH_FAILED ? outcomeIn(jsonOf(answer)) : undefined;
  if (!fields) throw refusalOf(answer);
  const { counts, failures, message, raw } = fields;
  await cli.out.show(raw, () => [
    ...detailLines(
      cli.out,
      Object.entries(counts).map(([name, count]) => [name.replaceAll("_", " "), String(count)] as const),
    ),
    ...failures.map((failure) => `to be delivered again: ${failure}`),
  ]);
  if (Number(counts["failed"] ?? 0) > 0)
    throw new CommandError(`the source would deliver records again: ${message ?? "they were not accepted"}`);
}

/** `undefined`: the server has not answered an outcome. */
function outcomeIn(answer: unknown) {
  const fields = new AnswerFields(answer, "answer");
  const counts = fields.object("counts")?.raw;
  if (!counts) return undefined;
  const failures = fields.list("batchItemFailures").map((failure) => {
    const { itemIdentifier } = failure as { readonly itemIdentifier: unknown };
    return typeof itemIdentifier === "string" ? itemIdentifier : JSON.stringify(itemIdentifier);
  });
  return { counts, failures, message: fields.optionalText("message"), raw: fields.raw };
}
