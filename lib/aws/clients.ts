/**
 * The light clients of a Lambda function, made from its environment variables: region, credentials, and endpoints if others are
 * set than AWS's own. What carries their requests is made once for each service.
 *
 * Lambda gives a function a whole core or more while it initialises, and then its memory's part of one. So what is slow by
 * computing is done then: the modules are loaded, and connections are opened ({@link openTo}).
 */
import { type Environment, requiredByName } from "../environment.ts";
import { JsonService } from "./json-service.ts";
import type { Credentials } from "./signature.ts";
import { SignedHttp } from "./signed-http.ts";

export const dynamoService = (environment: Environment): JsonService =>
  new JsonService(httpTo(environment, "dynamodb"), "DynamoDB_20120810");

/** By default the endpoint is that of the queue's URL, as for AWS's own client. */
export const sqsService = (environment: Environment, queueUrl: string): JsonService =>
  new JsonService(httpTo(environment, "sqs", new URL(queueUrl).origin), "AmazonSQS");

const carriers = new WeakMap<Environment, Map<string, SignedHttp>>();

/** Lambda and the Scheduler have paths instead of names of operations, so they are asked by this alone. */
export function httpTo(environment: Environment, service: string, origin?: string): SignedHttp {
  const region = requiredByName(environment, "AWS_REGION");
  const set = environment[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] || environment["AWS_ENDPOINT_URL"];
  const endpoint = new URL(set || origin || `https://${hostOf(environment, service, region)}`);
  const made = carriers.get(environment) ?? new Map<string, SignedHttp>();
  carriers.set(environment, made);
  const name = `${service} ${endpoint.href}`;
  const known = made.get(name);
  if (known) return known;
  const credentials = (): Credentials => credentialsIn(environment);
  const http = new SignedHttp({ service, region, endpoint, credentials });
  made.set(name, http);
  return http;
}

/**
 * Opens a connection to each of these services, if this is a function of AWS's: not under an emulator or in a test. It never throws.
 * Requests wait for the connection that is being opened, so none is opened twice.
 */
export async function openTo(environment: Environment, ...services: readonly string[]): Promise<void> {
  if (!environment["AWS_LAMBDA_FUNCTION_NAME"] || !environment["AWS_REGION"]) return;
  const opening = services.map((service) => httpTo(environment, service));
  await Promise.all(opening.filter(({ isSecure }) => isSecure).map(async (http) => await http.open()));
}

/** By the partition of a region: the domain, and that of hosts with IPv6. */
const DOMAINS: readonly (readonly [region: RegExp, domain: string, dualStack: string])[] = [
  [/^cn-/, "amazonaws.com.cn", "api.amazonwebservices.com.cn"],
  [/^eusc-/, "amazonaws.eu", "api.amazonwebservices.eu"],
  [/^us-iso-/, "c2s.ic.gov", "api.aws.ic.gov"],
  [/^us-isob-/, "sc2s.sgov.gov", "api.aws.scloud"],
];

function hostOf(environment: Environment, service: string, region: string): string {
  const [, domain = "amazonaws.com", dualStack = "api.aws"] =
    DOMAINS.find(([regions]) => regions.test(region)) ?? [];
  const fips = environment["AWS_USE_FIPS_ENDPOINT"] === "true" ? "-fips" : "";
  return `${service}${fips}.${region}.${environment["AWS_USE_DUALSTACK_ENDPOINT"] === "true" ? dualStack : domain}`;
}

/** The credentials of the function's role. Lambda puts them into the environment. */
function credentialsIn(environment: Environment): Credentials {
  const sessionToken = environment["AWS_SESSION_TOKEN"];
  return {
    accessKeyId: requiredByName(environment, "AWS_ACCESS_KEY_ID"),
    secretAccessKey: requiredByName(environment, "AWS_SECRET_ACCESS_KEY"),
    ...(sessionToken === undefined || sessionToken === "" ? {} : { sessionToken }),
  };
}
