/** `attach` and `output`: an invocation's result, waited for or looked at, and how it is printed. */
import type { Cli } from "../cli.ts";
import type { DoorAnswer, DoorRequest } from "../door.ts";
import { CommandError, EXIT, UsageError } from "../exit.ts";
import { safe } from "../output.ts";
import { path } from "../admin-client.ts";
import { durationIn } from "../time.ts";
import { parsedOr, utf8 } from "./bytes.ts";
import { explainedRefusal } from "./explained.ts";
import { ask, attachUntil, Deadline, idOf, isOfInvocation, refusedBy } from "./ingress-requests.ts";
import { type HandlerTarget, handlerTarget, keyTarget } from "./target.ts";
import { targetText } from "../../lib/model/target-text.ts";

export interface WhichInvocation {
  readonly key?: string;
  readonly idempotencyKey?: string;
  /** What is named is a workflow. */
  readonly workflow?: boolean;
}

export interface Waiting {
  readonly timeout?: string;
}

/** An invocation as the user has named it. */
interface Sought {
  /** As it is called in messages. */
  readonly name: string;
  /** The handler, if it is known. */
  readonly target?: HandlerTarget;
  readonly request: (how: "attach" | "output") => DoorRequest;
}

export const deadlineOf = ({ timeout }: Waiting): Deadline =>
  new Deadline(timeout === undefined ? undefined : durationIn("--timeout", timeout));

export async function attachTo(cli: Cli, text: string, options: WhichInvocation & Waiting): Promise<void> {
  const sought = soughtIn(text, options);
  const answer = await attachUntil(cli, sought.request("attach"), deadlineOf(options));
  if (!answer) return await noResultYet(cli, sought.name, undefined);
  await printResult(cli, answer, sought, "attach");
}

export async function printOutputOf(cli: Cli, text: string, options: WhichInvocation): Promise<void> {
  const sought = soughtIn(text, options);
  await printResult(cli, await ask(cli, sought.request("output")), sought, "output");
}

/** Throws {@link UsageError}. */
export function soughtIn(text: string, { key, idempotencyKey, workflow }: WhichInvocation): Sought {
  if (idempotencyKey !== undefined) {
    const target = handlerTarget(text, key);
    const body = { target: "idempotentInvocation", ...target, idempotencyKey };
    return { name: targetText(target), target, request: asking(body) };
  }
  if (workflow === true || text.includes("/") || key !== undefined) {
    const { service: workflowName, key: workflowKey } = keyTarget(text, key);
    const target = { service: workflowName, key: workflowKey, handler: "run" };
    const body = { target: "workflow", workflowName, workflowKey };
    return { name: `${workflowName}/${workflowKey}`, target, request: asking(body) };
  }
  if (text.startsWith("inv_"))
    return { name: text, request: (how) => ({ method: "GET", path: path`/restate/${how}/${text}` }) };
  throw new UsageError(
    `"${text}" names no invocation: it takes an id (inv_…), a workflow's Name/key, or Service/handler with --idempotency-key`,
  );
}

const asking =
  (body: object): Sought["request"] =>
  (how) => ({
    method: "POST",
    path: `/restate/${how}`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/** Throws {@link CommandError} if it is a failure, or says that there is no result yet. */
export async function printResult(
  cli: Cli,
  answer: DoorAnswer,
  { name, target }: Pick<Sought, "name" | "target">,
  how: string,
): Promise<void> {
  if (answer.status < 300) return await printOutput(cli, answer);
  if (answer.status === 470) return await noResultYet(cli, name, idOf(answer));
  if (isOfInvocation(answer) && !(await isUnknown(cli, answer))) return await failed(cli, name, answer);
  throw (target && (await explainedRefusal(cli, target, answer, how))) ?? refusal(name, answer);
}

function refusal(name: string, answer: DoorAnswer): CommandError {
  const { message } = refusedBy(answer);
  if (answer.status !== 404 || idOf(answer) === undefined)
    return new CommandError(`${name} is refused: ${message}`);
  return new CommandError(`there is no invocation ${name}`, {
    advice:
      "It may have been purged, or its retention is over. `perdure invocations list` shows those that are kept.",
  });
}

/** An attachment to nothing is answered as if an invocation had ended so. */
async function isUnknown(cli: Cli, answer: DoorAnswer): Promise<boolean> {
  const id = idOf(answer);
  if (answer.status !== 404 || id === undefined) return false;
  const { status } = await ask(cli, { method: "GET", path: path`/restate/invocation/${id}/status` });
  return status === 404;
}

/** What the ingress answers to a second run of a workflow. */
const RAN_BEFORE = "the workflow method was already invoked";

async function failed(cli: Cli, name: string, answer: DoorAnswer): Promise<never> {
  const error = refusedBy(answer);
  const id = idOf(answer);
  if (error.code === 409 && error.message === RAN_BEFORE) {
    throw new CommandError(
      `${name} was not started: the workflow has run before, and it runs once for each key`,
      {
        ...(id === undefined ? {} : { advice: `\`perdure attach ${id}\` prints what came of it.` }),
      },
    );
  }
  if (cli.out.format !== "text") await cli.out.show({ ...idField(id), ready: true, error }, () => []);
  throw new CommandError(`${name} has failed: ${error.message} (code ${error.code})`, {
    ...(id === undefined ? {} : { advice: `\`perdure invocations describe ${id}\` shows what it did.` }),
  });
}

/** Ends with the exit code that says so. `id`: if it is known. */
export async function noResultYet(
  cli: Cli,
  name: string,
  id: string | undefined,
  advice?: string,
): Promise<never> {
  if (cli.out.format !== "text") await cli.out.show({ ...idField(id), ready: false }, () => []);
  throw new CommandError(`${name} has no result yet, and goes on`, {
    exitCode: EXIT.nothing,
    advice: advice ?? `\`perdure attach ${id ?? name}\` waits for it.`,
  });
}

/** The bytes as they are, or for people and with `--json` to be read. */
async function printOutput(cli: Cli, answer: DoorAnswer): Promise<void> {
  const { out } = cli;
  const { body } = answer;
  const view = viewOf(answer);
  if (out.format !== "text")
    return await out.show({ ...idField(idOf(answer)), ready: true, ...view }, () => []);
  if (!out.isTerminal) return await out.bytes(body);
  if ("output" in view) await out.lines([safe(JSON.stringify(view.output, undefined, 2))]);
  else if (view.output_text !== undefined) await out.lines([safe(view.output_text)]);
  else if (view.output_base64 !== undefined)
    out.note(
      `${body.byteLength} bytes of ${answer.headers["content-type"] ?? "an unknown type"}: redirect them to a file`,
    );
}

/** At most one of them: an output of no bytes has none. */
interface OutputView {
  readonly output?: unknown;
  readonly output_text?: string;
  readonly output_base64?: string;
}

export function viewOf({ body, headers }: Pick<DoorAnswer, "body" | "headers">): OutputView {
  if (body.byteLength === 0) return {};
  const text = utf8(body);
  if (text === undefined) return { output_base64: Buffer.from(body).toString("base64") };
  const isJson = /\bjson\b/iu.test(headers["content-type"] ?? "application/json");
  const parsed = isJson ? parsedOr(text, NONE) : NONE;
  return parsed === NONE ? { output_text: text } : { output: parsed };
}

const NONE = Symbol("no JSON");

const idField = (id: string | undefined) => (id === undefined ? {} : { id });
