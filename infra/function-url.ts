/** The ingress' second door: a function URL, behind which a call waits for as long as the function may run. */
import { Duration } from "aws-cdk-lib";
import {
  type FunctionUrl,
  FunctionUrlAuthType,
  HttpMethod,
  type Function as LambdaFunction,
} from "aws-cdk-lib/aws-lambda";
import { type Cors, EXPOSED_HEADERS } from "../lib/cors.ts";
import { PREFLIGHT_KEPT_SECONDS } from "../lib/limits/http.ts";
import type { Variables } from "./function.ts";

/** What a page of another origin may set. They are named, since a star does not stand for `authorization`, and for nothing with credentials. */
const HEADERS = [
  ...["content-type", "idempotency-key", "authorization", "traceparent", "tracestate"],
  ...["x-amz-date", "x-amz-security-token", "x-amz-content-sha256"],
];

/** Lambda answers preflights itself, which come without credentials, and adds the headers for pages of other origins to each answer. */
export function functionUrl(target: LambdaFunction, access: "iam" | "open", cors: Cors): FunctionUrl {
  const { credentials } = cors;
  const origins = cors.origins === "*" ? ["*"] : [...cors.origins];
  return target.addFunctionUrl({
    authType: access === "iam" ? FunctionUrlAuthType.AWS_IAM : FunctionUrlAuthType.NONE,
    ...(origins.length === 0
      ? {}
      : {
          cors: {
            allowedOrigins: origins,
            allowCredentials: credentials,
            allowedMethods: [HttpMethod.GET, HttpMethod.POST],
            allowedHeaders: HEADERS,
            exposedHeaders: [...EXPOSED_HEADERS],
            maxAge: Duration.seconds(PREFLIGHT_KEPT_SECONDS),
          },
        }),
  });
}

/** For the function behind the HTTP API. By default it lets every page call. */
export const corsVariables = ({ origins, credentials }: Cors): Variables =>
  origins === "*"
    ? {}
    : { corsOrigins: origins.join(","), ...(credentials ? { corsCredentials: "true" } : {}) };
