/**
 * `perdure/client/aws`: signs a client's requests, for an ingress that lets in IAM principals. By default that is what a deployment has.
 *
 *   const client = connect({ url, auth: iam() });
 *
 * It is a module of its own, since it needs Node. The client itself runs in a browser, too.
 */
import { amzDate, authorization, sha256 } from "../../lib/aws/signature.ts";
import { credentialChain, type HeldCredentials } from "../../lib/aws/credential-chain.ts";
import type { ClientAuth } from "./transport.ts";

export interface IamOptions {
  /** @default the one in the URL, else `AWS_REGION` */
  readonly region?: string;
  /** What stands behind the URL: an HTTP API, or a function URL. @default what the URL says, else `"execute-api"` */
  readonly service?: "execute-api" | "lambda";
  /** Asked for with each request: keep what takes long to get. @default those of the environment, of the container, or of the profile */
  readonly credentials?: HeldCredentials | (() => Promise<HeldCredentials>);
}

const HTTP_API = /\.execute-api\.([\w-]+)\.amazonaws\.com(?:\.cn)?$/;
const FUNCTION_URL = /\.lambda-url\.([\w-]+)\.on\.aws$/;

/** Signs with AWS Signature Version 4. The host, the time and the body are signed, and no other header. */
export function iam({
  region,
  service,
  credentials = credentialChain(process.env),
}: IamOptions = {}): ClientAuth {
  return async ({ method, url, body = new Uint8Array(0) }) => {
    const { hostname, host, pathname, search } = new URL(url);
    const functionUrl = FUNCTION_URL.exec(hostname);
    const at = region ?? (functionUrl ?? HTTP_API.exec(hostname))?.[1] ?? process.env["AWS_REGION"];
    if (at === undefined) throw new TypeError(`iam() needs a region: ${hostname} does not say one`);
    const held = typeof credentials === "function" ? await credentials() : credentials;
    const nowMs = Date.now();
    const signed = {
      host,
      "x-amz-date": amzDate(nowMs),
      "x-amz-content-sha256": sha256(body),
      ...(held.sessionToken === undefined ? {} : { "x-amz-security-token": held.sessionToken }),
    };
    const { host: _, ...sent } = signed;
    const signing = { method, path: pathname, query: search.slice(1), region: at, nowMs };
    const name = service ?? (functionUrl ? "lambda" : "execute-api");
    return {
      ...sent,
      authorization: authorization(signed, body, { ...signing, service: name, credentials: held }),
    };
  };
}
