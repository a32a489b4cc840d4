/** Why the ingress has refused a request: the admin API knows which services and handlers there are. */
import type { Cli } from "../cli.ts";
import type { DoorAnswer } from "../door.ts";
import { CommandError, EXIT } from "../exit.ts";
import type { AnswerFields } from "../fields.ts";
import { didYouMean } from "../suggest.ts";
import type { HandlerTarget } from "./target.ts";

/** Which of the ingress's refusals may be about names: not found, and a key too many or too few. */
const ABOUT_NAMES: ReadonlySet<number> = new Set([400, 404]);

/** The error to be thrown; `undefined`: nothing is wrong with the names. `how`: the command, to be shown in advice. */
export async function explainedRefusal(
  cli: Cli,
  target: HandlerTarget,
  answer: DoorAnswer,
  how: string,
): Promise<CommandError | undefined> {
  const services = ABOUT_NAMES.has(answer.status) ? await servicesOf(cli) : undefined;
  return services && aboutNames(services, target, how);
}

/** `undefined`: the admin API cannot be asked, so the ingress's own word must do. */
async function servicesOf(cli: Cli): Promise<readonly AnswerFields[] | undefined> {
  try {
    const answer = await (await cli.admin()).fields("GET", "/services");
    return answer.objects("services");
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

/** `undefined`: nothing is wrong with the names. */
export function aboutNames(
  services: readonly AnswerFields[],
  { service, key, handler }: HandlerTarget,
  how: string,
): CommandError | undefined {
  const found = services.find((each) => each.text("name") === service);
  if (!found) return noServiceNamed(services, service);
  const handlers = found.objects("handlers").map((each) => each.text("name"));
  if (!handlers.includes(handler)) {
    return new CommandError(`${service} has no handler "${handler}".${didYouMean(handler, handlers)}`, {
      advice: `Its handlers: ${handlers.join(", ")}.`,
    });
  }
  const kind = KINDS.get(found.text("ty"));
  if (kind !== undefined && key === undefined) {
    return new CommandError(`${service} is a ${kind}, so ${handler} needs a key`, {
      advice: `Write it between the two, perdure ${how} ${service}/<key>/${handler}, or use --key.`,
    });
  }
  if (kind === undefined && key !== undefined) {
    return new CommandError(`${service} is a service without keys, and "${key}" is one`, {
      advice: `Leave it out: perdure ${how} ${service}/${handler}`,
    });
  }
  return undefined;
}

/** Those that have keys. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ["VirtualObject", "virtual object"],
  ["Workflow", "workflow"],
]);

export function noServiceNamed(
  services: readonly AnswerFields[],
  service: string,
  exitCode: number = EXIT.failed,
): CommandError {
  const names = services.map((each) => each.text("name"));
  return new CommandError(`there is no service "${service}".${didYouMean(service, names)}`, {
    exitCode,
    advice:
      names.length === 0
        ? "None is registered yet: `perdure deployments register <url>` does it."
        : "`perdure services list` shows those that there are.",
  });
}
