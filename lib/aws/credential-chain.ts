/**
 * Where a program's AWS credentials come from, in the order of AWS's own clients: the environment, as in Lambda; a container's endpoint,
 * as in ECS and EKS; and for all else (profiles, SSO, a web identity, EC2) AWS's own client, which is loaded then and not before.
 */
import { readFile } from "node:fs/promises";
import type { Credentials } from "./signature.ts";
import { CREDENTIALS_REQUEST_MS_MAX, CREDENTIALS_SPARE_MS } from "../limits/aws.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** With an end, unless they are for ever. */
export interface HeldCredentials extends Credentials {
  readonly expiration?: Date;
}

export type CredentialSource = () => Promise<HeldCredentials>;

/** Credentials are kept until shortly before they end. Several requests at once ask for them once. */
export function kept(source: CredentialSource, now: () => number = Date.now): CredentialSource {
  let held: Promise<HeldCredentials> | undefined;
  let endsAtMs = 0;
  const ask = async (): Promise<HeldCredentials> => {
    try {
      const got = await source();
      endsAtMs = (got.expiration?.getTime() ?? Number.POSITIVE_INFINITY) - CREDENTIALS_SPARE_MS;
      return got;
    } catch (error) {
      held = undefined;
      throw error;
    }
  };
  return async () => {
    if (held !== undefined && now() >= endsAtMs && endsAtMs !== 0) held = undefined;
    if (held === undefined) {
      endsAtMs = 0;
      held = ask();
    }
    return await held;
  };
}

/** `others`: AWS's own chain, for what is not in the environment and not of a container. */
export function credentialChain(
  environment: Variables,
  others: () => Promise<CredentialSource> = ownClient,
): CredentialSource {
  const container = kept(() => ofContainer(environment));
  let rest: Promise<CredentialSource> | undefined;
  return async () => {
    const here = inEnvironment(environment);
    if (here) return here;
    if (hasContainer(environment)) return await container();
    return await (
      await (rest ??= others())
    )();
  };
}

/** A profile that is named goes before keys that lie in the environment, as in AWS's clients. */
function inEnvironment(environment: Variables): HeldCredentials | undefined {
  const { AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment;
  if (AWS_PROFILE || !AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return undefined;
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
  };
}

const ECS = "http://169.254.170.2";

const hasContainer = (of: Variables): boolean =>
  !of["AWS_PROFILE"] &&
  !of["AWS_WEB_IDENTITY_TOKEN_FILE"] &&
  Boolean(of["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] ?? of["AWS_CONTAINER_CREDENTIALS_FULL_URI"]);

async function ofContainer(environment: Variables): Promise<HeldCredentials> {
  const relative = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
  const url = relative ? `${ECS}${relative}` : (environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] ?? "");
  const tokenFile = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
  const token = tokenFile
    ? (await readFile(tokenFile, "utf8")).trim()
    : environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"];
  const signal = AbortSignal.timeout(CREDENTIALS_REQUEST_MS_MAX);
  const response = await fetch(url, { headers: token ? { authorization: token } : {}, signal });
  if (!response.ok) throw new Error(`no credentials from the container: status ${response.status}`);
  return parsed(await response.json());
}

function parsed(answer: unknown): HeldCredentials {
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = (answer ?? {}) as Record<string, unknown>;
  if (typeof AccessKeyId !== "string" || typeof SecretAccessKey !== "string")
    throw new Error("no credentials from the container: an answer without keys");
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    ...(typeof Token === "string" ? { sessionToken: Token } : {}),
    ...(typeof Expiration === "string" ? { expiration: new Date(Expiration) } : {}),
  };
}

/** A client of AWS's finds credentials in all ways that AWS documents, and renews them. */
async function ownClient(): Promise<CredentialSource> {
  const { LambdaClient } = await import("@aws-sdk/client-lambda");
  // The region is not used: it signs nothing.
  const { config } = new LambdaClient({ region: "us-east-1" });
  return async () => await config.credentials();
}
