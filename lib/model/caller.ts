/** Who called, as the door has verified it. It is among the headers, under a name that no header can have. */
import { CALLER } from "./header-names.ts";

/** Of a request over API Gateway. What is no text there is no text here. */
export type Caller =
  /** An IAM principal. */
  | {
      readonly kind: "iam";
      readonly accountId?: string;
      readonly userArn?: string;
      readonly userId?: string;
      readonly callerId?: string;
      readonly principalOrgId?: string;
      readonly cognitoIdentityId?: string;
    }
  /** The bearer of a JWT. API Gateway gives each claim as a text. */
  | {
      readonly kind: "jwt";
      readonly claims: Readonly<Record<string, string>>;
      readonly scopes?: readonly string[];
    }
  /** What a Lambda authorizer says of the caller. */
  | { readonly kind: "authorizer"; readonly context: Readonly<Record<string, unknown>> };

/** As it is kept. */
export const callerHeader = (caller: Caller | undefined): Record<string, string> =>
  caller === undefined ? {} : { [CALLER]: JSON.stringify(caller) };

/** `undefined`: nobody was verified, or a handler calls. */
export function callerIn(headers: Readonly<Record<string, string>>): Caller | undefined {
  const text = headers[CALLER];
  return text === undefined ? undefined : (JSON.parse(text) as Caller);
}
