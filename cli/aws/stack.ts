/** Reads what a runtime's stack says of itself: where its doors are, and the names of its tables. */
import { CLI_STACK_PAGES_MAX } from "../../lib/limits/cli.ts";
import { STACK_OUTPUT_VERSION, type DoorAccess, type StackOutput } from "../../lib/stack-output.ts";
import { CommandError, EXIT } from "../exit.ts";
import { AnswerFields } from "../fields.ts";
import { didYouMean } from "../suggest.ts";
import { element, members, ServiceRefusal } from "./query.ts";
import { type AwsSession, refusedByAws } from "./session.ts";

const NEEDS = "cloudformation:DescribeStacks";

/**
 * `name`: the stack, and behind a slash one of its runtimes, if it has several. Throws {@link CommandError} that says what is
 * missing.
 */
export async function readStack(session: AwsSession, name: string): Promise<StackOutput> {
  const slash = name.indexOf("/");
  const stack = slash === -1 ? name : name.slice(0, slash);
  const asked = slash === -1 ? undefined : name.slice(slash + 1);
  const found = runtimesIn(await described(session, stack));
  const wanted = asked === undefined ? found : found.filter(({ runtime }) => isOf(runtime, asked));
  const [only, ...more] = wanted;
  if (only !== undefined && more.length === 0) return only;
  const names = found.map(({ runtime }) => `${stack}/${idOf(runtime)}`);
  if (only !== undefined)
    throw new CommandError(`the stack ${stack} has ${found.length} runtimes`, {
      advice: `Name one of them: ${names.join(", ")}`,
    });
  if (found.length > 0)
    throw new CommandError(`the stack ${stack} has no runtime "${asked}". It has ${names.join(", ")}`, {
      exitCode: EXIT.nothing,
    });
  throw new CommandError(`the stack ${stack} says nothing of a Perdure runtime`, {
    exitCode: EXIT.nothing,
    advice:
      "Is it the stack with PerdureRuntime? One of an older version says it after the next `cdk deploy`.",
  });
}

async function described(session: AwsSession, stack: string): Promise<string> {
  try {
    return await session.query.xml("cloudformation", "DescribeStacks", { StackName: stack });
  } catch (error) {
    if (error instanceof ServiceRefusal && /does not exist/u.test(error.message))
      throw await missing(session, stack);
    throw refusedByAws(error, NEEDS);
  }
}

async function missing(session: AwsSession, stack: string): Promise<CommandError> {
  const place = `in ${session.region}${session.endpoint === undefined ? "" : ` at ${session.endpoint}`}`;
  const others = await runtimeStacks(session).catch(() => undefined);
  const advice =
    others === undefined
      ? "Another region or account is named with --region and --profile."
      : others.length > 0
        ? `Stacks with a runtime there: ${others.join(", ")}.`
        : "No stack there has a runtime. Another region or account is named with --region and --profile.";
  const meant = didYouMean(stack, others ?? []);
  return new CommandError(`there is no stack ${stack} ${place}.${meant}`, {
    exitCode: EXIT.nothing,
    advice,
  });
}

/** The names of the account's stacks, in this region, that have a runtime. */
export async function runtimeStacks(session: AwsSession): Promise<readonly string[]> {
  const names: string[] = [];
  let token: string | undefined;
  for (let page = 0; page < CLI_STACK_PAGES_MAX; page++) {
    const next: Readonly<Record<string, string>> = token === undefined ? {} : { NextToken: token };
    const xml = await session.query.xml("cloudformation", "DescribeStacks", next);
    for (const each of members(xml, "Stacks")) {
      if (runtimesIn(each).length > 0) names.push(element(each, "StackName") ?? "");
    }
    token = element(xml, "NextToken");
    if (token === undefined) break;
  }
  return names;
}

/** Of the XML of one stack. */
function runtimesIn(xml: string): readonly StackOutput[] {
  return members(xml, "Outputs").flatMap((each) => {
    const value = element(each, "OutputValue");
    const read = value?.startsWith("{") === true ? outputIn(value) : undefined;
    return read === undefined ? [] : [read];
  });
}

/** `undefined`: it is the user's own output. Throws {@link CommandError} for one of a version that is not known here. */
export function outputIn(text: string): StackOutput | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const fields = new AnswerFields(value, "the stack's output");
  const version = fields.raw["perdure"];
  if (typeof version !== "number") return undefined;
  if (version !== STACK_OUTPUT_VERSION)
    throw new CommandError(
      `the stack was deployed by another version of Perdure (its output is of version ${version})`,
      {
        advice: "Use the `perdure` of the version that has deployed it.",
      },
    );
  const optional = (name: "admin" | "adminFunction" | "ingressUrl") => {
    const given = fields.optionalText(name);
    return given === undefined ? {} : { [name]: given };
  };
  return {
    perdure: STACK_OUTPUT_VERSION,
    runtime: fields.text("runtime"),
    ...optional("admin"),
    ...optional("adminFunction"),
    ingress: fields.text("ingress"),
    ingressAccess: accessOf(fields.text("ingressAccess")),
    ...optional("ingressUrl"),
    ...(fields.optionalText("ingressUrlAccess") === "iam" ? { ingressUrlAccess: "iam" } : {}),
    journal: fields.text("journal"),
    state: fields.text("state"),
    registry: fields.text("registry"),
  };
}

const accessOf = (text: string): DoorAccess => (text === "iam" || text === "open" ? text : "other");

/** The construct's own name, at the end of its path. */
const idOf = (runtime: string): string => runtime.split("/").at(-1) ?? runtime;
const isOf = (runtime: string, asked: string): boolean => runtime === asked || idOf(runtime) === asked;
