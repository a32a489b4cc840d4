/** The caller as an HTTP API's authorizer has verified it. */
import type { Caller } from "../../lib/model/caller.ts";

/** `requestContext.authorizer` of payload format 2.0. */
export interface AuthorizerContext {
  readonly iam?: Readonly<Record<string, unknown>> | null;
  readonly jwt?: {
    readonly claims?: Readonly<Record<string, unknown>> | null;
    readonly scopes?: readonly unknown[] | null;
  } | null;
  readonly lambda?: Readonly<Record<string, unknown>> | null;
}

const IAM_TEXTS = ["accountId", "userArn", "userId", "callerId", "principalOrgId"] as const;

/** `undefined`: the API is open. */
export function callerOf({ iam, jwt, lambda }: AuthorizerContext = {}): Caller | undefined {
  if (iam) {
    const texts = IAM_TEXTS.flatMap((name) => textAt(iam, name, name));
    const cognito = isRecord(iam["cognitoIdentity"])
      ? textAt(iam["cognitoIdentity"], "identityId", "cognitoIdentityId")
      : [];
    return { kind: "iam", ...Object.fromEntries([...texts, ...cognito]) };
  }
  if (jwt?.claims) {
    const claims = Object.entries(jwt.claims).map(([name, value]) => [name, textOf(value)] as const);
    const scopes = jwt.scopes?.filter((scope) => typeof scope === "string") ?? [];
    return { kind: "jwt", claims: Object.fromEntries(claims), ...(scopes.length > 0 ? { scopes } : {}) };
  }
  return lambda ? { kind: "authorizer", context: lambda } : undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A caller that a text is missing of has it not. API Gateway writes `null` or an empty text for some. */
function textAt(
  from: Readonly<Record<string, unknown>>,
  name: string,
  as: string,
): readonly (readonly [string, string])[] {
  const value = from[name];
  return typeof value === "string" && value !== "" ? [[as, value]] : [];
}

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "");
