/**
 * The user's way into AWS: a region, and credentials by AWS's default chain, single sign-on included.
 *
 * AWS's own client for credentials is loaded only if they are not in variables.
 */
import { credentialChain, type CredentialSource } from "../../lib/aws/credential-chain.ts";
import type { Credentials } from "../../lib/aws/signature.ts";
import { CLI_AWS_HASTY_ATTEMPTS_MAX } from "../../lib/limits/cli.ts";
import { CommandError, EXIT } from "../exit.ts";
import { AwsQuery, ServiceRefusal } from "./query.ts";

export interface AwsPlace {
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  /** An emulator's address. */
  readonly endpoint?: string | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

export interface AwsSession {
  readonly region: string;
  /** Absent: AWS itself. */
  readonly endpoint: string | undefined;
  readonly profile: string | undefined;
  /** Throws {@link CommandError} that says how to get some. */
  readonly credentials: () => Promise<Credentials>;
  readonly query: AwsQuery;
}

/** Throws {@link CommandError} if nothing says which region. */
export async function openSession(place: AwsPlace, variables: Variables): Promise<AwsSession> {
  const profile = place.profile ?? variables["AWS_PROFILE"];
  const endpoint = place.endpoint ?? variables["AWS_ENDPOINT_URL"];
  const region = place.region ?? (await regionOf(place.profile, variables));
  const source = credentialChain(
    { ...variables, ...(profile === undefined ? {} : { AWS_PROFILE: profile }) },
    () => ownChain(profile),
  );
  const credentials = async (): Promise<Credentials> => {
    try {
      return await source();
    } catch (error) {
      throw withoutCredentials(error, profile);
    }
  };
  const query = new AwsQuery({ region, endpoint, credentials, attemptsMax: CLI_AWS_HASTY_ATTEMPTS_MAX });
  return { region, endpoint, profile, credentials, query };
}

/** A profile that is named on the command line goes before the variables, as with AWS's own tools. */
async function regionOf(profile: string | undefined, variables: Variables): Promise<string> {
  const variable = variables["AWS_REGION"] ?? variables["AWS_DEFAULT_REGION"];
  if (profile === undefined && variable) return variable;
  const { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } =
    await import("@smithy/core/config");
  try {
    const found = await loadConfig(NODE_REGION_CONFIG_OPTIONS, {
      ...NODE_REGION_CONFIG_FILE_OPTIONS,
      ...(profile === undefined ? {} : { profile }),
    })();
    if (found !== "") return found;
    throw new Error("AWS_REGION is empty");
  } catch (error) {
    throw new CommandError("no AWS region is set", {
      advice: "Name it with --region, in AWS_REGION, or in the profile.",
      cause: error,
    });
  }
}

async function ownChain(profile: string | undefined): Promise<CredentialSource> {
  const { defaultProvider } = await import("@aws-sdk/credential-provider-node");
  const source = defaultProvider(profile === undefined ? {} : { profile });
  return async () => await source();
}

function withoutCredentials(error: unknown, profile: string | undefined): CommandError {
  const message = error instanceof Error ? error.message : String(error);
  const login = `aws sso login${profile === undefined ? "" : ` --profile ${profile}`}`;
  if (/sso/iu.test(message) && /expired|invalid|refresh|not found|log ?in/iu.test(message))
    return new CommandError("your AWS single sign-on session has ended", {
      advice: `Run: ${login}`,
      cause: error,
    });
  return new CommandError(
    `no AWS credentials${profile === undefined ? "" : ` of the profile "${profile}"`}: ${message}`,
    {
      advice: `Set AWS_PROFILE or --profile, export keys, or run: ${login}`,
      cause: error,
    },
  );
}

/** Codes by which services say that credentials have ended. */
const ENDED = /^(ExpiredToken|ExpiredTokenException|RequestExpired)$/u;
const UNKNOWN = /^(InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId)$/u;
const DENIED = /^(AccessDenied|AccessDeniedException|UnauthorizedOperation)$/u;

/** What a service has answered, for the user. `needs`: the permission that the request takes. */
export function refusedByAws(error: unknown, needs: string): unknown {
  if (!(error instanceof ServiceRefusal)) return isNetwork(error) ? unreachable(error) : error;
  const { code, message } = error;
  const said = withoutCode(message, code);
  return explained(code, said, needs, error);
}

/** The same, of an answer's code and text. */
export function explained(code: string, said: string, needs: string, cause?: unknown): CommandError {
  if (ENDED.test(code) || /security token.*expired/iu.test(said))
    return new CommandError("your AWS credentials have expired", {
      advice: "Renew them: `aws sso login`, or export new ones.",
      cause,
    });
  if (UNKNOWN.test(code) || /security token.*invalid/iu.test(said))
    return new CommandError("AWS does not know these credentials", {
      advice:
        "Are they of this account, and of this partition? `aws sts get-caller-identity` shows whose they are.",
      cause,
    });
  if (/Signature (expired|not yet current)/iu.test(said))
    return new CommandError(`AWS refuses the signature's time: ${said}`, {
      advice: "Set this machine's clock.",
      cause,
    });
  if (DENIED.test(code))
    return new CommandError(`access denied: ${said}`, {
      advice: `You need ${needs}.`,
      cause,
    });
  return new CommandError(`AWS answers ${code}: ${said}`, { cause });
}

const withoutCode = (message: string, code: string): string =>
  message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message;

const isNetwork = (error: unknown): boolean =>
  error instanceof Error && "code" in error && !(error instanceof CommandError);

const unreachable = (error: unknown): CommandError =>
  new CommandError(`AWS cannot be reached: ${error instanceof Error ? error.message : String(error)}`, {
    exitCode: EXIT.unreachable,
    advice: "Is the region's name right, and is there a network?",
    cause: error,
  });
