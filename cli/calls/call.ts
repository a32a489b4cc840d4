/** `call`, `send` and `workflow submit`: a request to a handler. */
import type { Cli } from "../cli.ts";
import type { DoorAnswer, DoorRequest } from "../door.ts";
import { UsageError } from "../exit.ts";
import { jsonOf } from "../admin-client.ts";
import { AnswerFields } from "../fields.ts";
import { durationIn } from "../time.ts";
import {
  ask,
  askUntil,
  attachById,
  attachUntil,
  type Deadline,
  idOf,
  takesLonger,
} from "./ingress-requests.ts";
import { type InputOptions, inputOf } from "./input.ts";
import { deadlineOf, noResultYet, printResult, type Waiting } from "./results.ts";
import { type HandlerTarget, handlerTarget, keyTarget, pathOfTarget } from "./target.ts";
import { targetText } from "../../lib/model/target-text.ts";

interface RequestOptions extends InputOptions {
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly header?: readonly string[];
}

export interface CallFlags extends RequestOptions, Waiting {
  /** Only to be refused with a hint. */
  readonly delay?: string;
}

export interface SendFlags extends RequestOptions, Waiting {
  readonly delay?: string;
  readonly wait?: boolean;
  readonly watch?: boolean;
}

export async function call(
  cli: Cli,
  text: string,
  inputText: string | undefined,
  options: CallFlags,
): Promise<void> {
  if (options.delay !== undefined)
    throw new UsageError(
      "a call waits for its output, so it has no --delay. Use `perdure send --delay`, with --wait to wait for it",
    );
  const target = handlerTarget(text, options.key);
  const deadline = deadlineOf(options);
  const request = await requestOf("call", target, inputText, options);
  const answer = await resultOf(cli, request, deadline);
  const name = targetText(target);
  if (!answer) return await tooLong(cli, target, options);
  await printResult(cli, answer, { name, target }, "call");
}

/** `undefined`: none until the deadline. */
async function resultOf(cli: Cli, request: DoorRequest, deadline: Deadline): Promise<DoorAnswer | undefined> {
  const answer = await askUntil(cli, request, deadline);
  const id = answer && idOf(answer);
  if (!answer || !takesLonger(answer) || id === undefined) return answer;
  cli.out.note(`${id} takes longer; still waiting.`);
  return await attachUntil(cli, attachById(id), deadline);
}

/** The request was given up, so its id is not known. An idempotency key or a workflow's key leads to it. */
async function tooLong(
  cli: Cli,
  target: HandlerTarget,
  { idempotencyKey }: Pick<RequestOptions, "idempotencyKey">,
): Promise<never> {
  const { service, handler } = target;
  const id =
    idempotencyKey === undefined
      ? undefined
      : idOf(await ask(cli, lookup({ target: "idempotentInvocation", ...target, idempotencyKey })));
  const found = `\`perdure invocations list --service ${service} --handler ${handler}\` shows it. \`perdure send\` prints the id at once.`;
  return await noResultYet(cli, targetText(target), id, id === undefined ? found : undefined);
}

const lookup = (body: object): DoorRequest => ({
  method: "POST",
  path: "/restate/lookup",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

export async function send(
  cli: Cli,
  text: string,
  inputText: string | undefined,
  options: SendFlags,
): Promise<void> {
  await sendTo(cli, handlerTarget(text, options.key), inputText, options, "send");
}

export async function submit(
  cli: Cli,
  text: string,
  inputText: string | undefined,
  options: SendFlags,
): Promise<void> {
  const { service, key } = keyTarget(text, options.key);
  await sendTo(cli, { service, key, handler: "run" }, inputText, options, "send");
}

async function sendTo(
  cli: Cli,
  target: HandlerTarget,
  inputText: string | undefined,
  options: SendFlags,
  how: string,
): Promise<void> {
  if (options.timeout !== undefined && options.wait !== true && options.watch !== true)
    throw new UsageError("--timeout is for --wait and --watch: without them nothing is waited for");
  const deadline = deadlineOf(options);
  const answer = await ask(cli, await requestOf("send", target, inputText, options));
  if (answer.status >= 400) return await printResult(cli, answer, { name: targetText(target), target }, how);
  const sent = new AnswerFields(jsonOf(answer), "answer");
  const id = sent.text("invocationId");
  if (sent.text("status") !== "Accepted") cli.out.note(`${id} exists already, so nothing new was started.`);
  if (options.watch === true) {
    const { watch } = await import("../invocations/watch.ts");
    return await watch(cli, id, options);
  }
  if (options.wait === true) {
    const result = await attachUntil(cli, attachById(id), deadline);
    return result
      ? await printResult(cli, result, { name: targetText(target), target }, how)
      : await noResultYet(cli, id, id);
  }
  const executionTime = sent.optionalText("executionTime");
  if (executionTime !== undefined) cli.out.note(`It starts at ${cli.out.time(Date.parse(executionTime))}.`);
  await cli.out.show(
    {
      id,
      status: sent.text("status"),
      ...(executionTime === undefined ? {} : { execution_time: executionTime }),
    },
    () => [id],
  );
}

async function requestOf(
  how: "call" | "send",
  target: HandlerTarget,
  inputText: string | undefined,
  options: SendFlags,
): Promise<DoorRequest> {
  const { idempotencyKey, header = [], delay } = options;
  const { body, contentType } = await inputOf(inputText, options);
  const headers = {
    ...(contentType === undefined ? {} : { "content-type": contentType }),
    ...headerFlags(header),
    ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
  };
  assertSendable(headers);
  const query = delay === undefined ? "" : `?delay=${durationIn("--delay", delay)}ms`;
  return {
    method: "POST",
    path: `${pathOfTarget(how, target)}${query}`,
    headers,
    body,
  };
}

/** `name=value`, or `name: value` as curl takes it. Throws {@link UsageError}. */
export function headerFlags(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const found = /^([\w!#$%&'*+.^`|~-]+)(?:=|:\s*)(.*)$/su.exec(text);
      if (!found) throw new UsageError(`-H takes name=value, not "${text}"`);
      const [, name = "", value = ""] = found;
      return [name.toLowerCase(), value];
    }),
  );
}

/** Throws {@link UsageError} for a value that HTTP does not take. */
function assertSendable(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\t\x20-\x7E]*$/u.test(value))
      throw new UsageError(`the header ${name} takes printable ASCII characters only, not "${value}"`);
  }
}
