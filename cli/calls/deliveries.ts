/** `signal` and `awakeable`: values for invocations that wait for them. */
import type { Cli } from "../cli.ts";
import type { DoorRequest } from "../door.ts";
import { CommandError, UsageError } from "../exit.ts";
import { jsonOf, path } from "../admin-client.ts";
import { AnswerFields } from "../fields.ts";
import { ask, refusedBy } from "./ingress-requests.ts";
import { type Input, type InputOptions, inputOf } from "./input.ts";

/** One signal of one invocation. */
interface SignalOf {
  readonly id: string;
  readonly name: string;
}

export async function signal(
  cli: Cli,
  { id, name }: SignalOf,
  value: string | undefined,
  { reject, ...options }: InputOptions & { readonly reject?: string },
): Promise<void> {
  if (reject !== undefined && value !== undefined)
    throw new UsageError("a signal has a value or --reject, not both");
  const input = await inputOf(value, { ...options, bare: true });
  await assertWaits(cli, id);
  const how = reject === undefined ? "resolve" : "reject";
  const at = path`/restate/invocation/${id}/signals/${name}/${how}`;
  await deliver(cli, delivery(at, reject === undefined ? input : reasonOf(reject)));
  await done(cli, { id, signal: name }, `Sent the signal ${name} to ${id}.`);
}

/** A signal to what has ended is ignored, so the user is told beforehand. */
async function assertWaits(cli: Cli, id: string): Promise<void> {
  const answer = await ask(cli, { method: "GET", path: path`/restate/invocation/${id}/status` });
  if (answer.status === 404) {
    throw new CommandError(`there is no invocation ${id}`, {
      advice: "`perdure invocations list` shows those that are kept.",
    });
  }
  if (answer.status >= 400) throw new CommandError(refusedBy(answer).message);
  if (new AnswerFields(jsonOf(answer), "answer").text("stage") === "completed")
    throw new CommandError(`${id} has completed, so a signal cannot reach it any more`);
}

export async function resolveAwakeable(
  cli: Cli,
  id: string,
  value: string | undefined,
  options: InputOptions,
): Promise<void> {
  const input = await inputOf(value, { ...options, bare: true });
  await deliver(cli, delivery(path`/restate/awakeables/${id}/resolve`, input));
  await done(cli, { id }, `Resolved ${id}, unless it was completed before.`);
}

export async function rejectAwakeable(cli: Cli, id: string, reason: string): Promise<void> {
  await deliver(cli, delivery(path`/restate/awakeables/${id}/reject`, reasonOf(reason)));
  await done(cli, { id }, `Rejected ${id}, unless it was completed before.`);
}

const reasonOf = (reason: string): Input => ({ body: Buffer.from(reason), contentType: "text/plain" });

const delivery = (at: string, { body, contentType }: Input): DoorRequest => ({
  method: "POST",
  path: at,
  headers: contentType === undefined ? {} : { "content-type": contentType },
  body,
});

async function deliver(cli: Cli, request: DoorRequest): Promise<void> {
  const answer = await ask(cli, request);
  if (answer.status >= 400) throw new CommandError(refusedBy(answer).message);
}

async function done(cli: Cli, json: object, text: string): Promise<void> {
  if (cli.out.format !== "text") return await cli.out.show({ ...json, accepted: true }, () => []);
  cli.out.note(text);
}
