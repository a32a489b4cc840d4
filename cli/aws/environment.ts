/** An environment that a stack is: its doors are where the stack says, and requests are signed with the user's credentials. */
import { type Door, HttpDoor } from "../door.ts";
import type { EnvironmentEntry } from "../environment/config.ts";
import type { AwsIdentity, ServerEnvironment, ProcessVariables } from "../environment/environment.ts";
import { CommandError } from "../exit.ts";
import type { StackOutput } from "../../lib/stack-output.ts";
import { AwsHttpDoor, FunctionDoor } from "./doors.ts";
import { element } from "./query.ts";
import { type AwsSession, openSession } from "./session.ts";
import { readStack } from "./stack.ts";

type Headers = Readonly<Record<string, string>>;

const INVOKE = "execute-api:Invoke on the API";

/** Throws {@link CommandError} that says what is missing. */
export async function stackEnvironment(
  entry: EnvironmentEntry & { readonly stack: string },
  headers: Headers,
  variables: ProcessVariables,
): Promise<Omit<ServerEnvironment, "name" | "chosenBy" | "isProduction">> {
  const session = await openSession(entry, variables);
  const output = await readStack(session, entry.stack);
  const { region, profile, endpoint } = session;
  const { journal, state, registry, runtime } = output;
  return {
    admin: adminDoor(session, output, entry.stack),
    ingress:
      entry.ingressUrl === undefined
        ? ingressDoor(session, output, headers)
        : new HttpDoor(entry.ingressUrl, headers),
    aws: {
      ...{ stack: entry.stack, region, profile, endpoint, runtime },
      tables: { journal, state, registry },
    },
    identity: () => identityOf(session),
  };
}

async function identityOf({ query }: AwsSession): Promise<AwsIdentity> {
  const xml = await query.xml("sts", "GetCallerIdentity", {});
  return { account: element(xml, "Account") ?? "", arn: element(xml, "Arn") ?? "" };
}

function adminDoor(session: AwsSession, { admin, adminFunction }: StackOutput, stack: string): Door {
  if (admin !== undefined) {
    const needs = `${INVOKE} (runtime.grantAdmin, or grantAdminRead to look only)`;
    return new AwsHttpDoor(session, { url: admin, service: "execute-api", signed: true, needs });
  }
  if (adminFunction !== undefined) return new FunctionDoor(session, adminFunction);
  throw new CommandError(`the runtime of the stack ${stack} has no admin API (admin: false)`, {
    advice: 'Deploy it with `admin: "api"` or `admin: "function"`.',
  });
}

/** A function URL, if there is one: a call waits there for as long as it takes, and behind an HTTP API for 30 seconds. */
function ingressDoor(session: AwsSession, output: StackOutput, headers: Headers): Door {
  const { ingress, ingressAccess, ingressUrl, ingressUrlAccess } = output;
  const isUrl = ingressUrl !== undefined;
  const [url, access] = isUrl ? [ingressUrl, ingressUrlAccess ?? "open"] : [ingress, ingressAccess];
  return new AwsHttpDoor(session, {
    ...{ url, headers, signed: access === "iam" },
    ...(isUrl
      ? { service: "lambda", needs: "lambda:InvokeFunctionUrl on the ingress (runtime.grantInvoke)" }
      : { service: "execute-api", needs: `${INVOKE} (runtime.grantInvoke)` }),
  });
}
