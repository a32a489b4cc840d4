/** What talks to Lambda, for the functions that do: see {@link Connection}. */
import { LambdaClient } from "@aws-sdk/client-lambda";
import { LambdaDiscoverer } from "./lambda-discoverer.ts";
import { LambdaInvoker } from "./lambda-invoker.ts";
import { LambdaVersions } from "./lambda-versions.ts";

/** A turn takes minutes where its handler does, so that only the connection has a bound. */
const INVOKING = { requestHandler: { connectionTimeout: 2000, requestTimeout: 0 } };

/** Retries are the retry policy's. */
export const lambdaInvoker = (): LambdaInvoker =>
  new LambdaInvoker(new LambdaClient({ ...INVOKING, maxAttempts: 1 }));

export const lambdaDiscoverer = (): LambdaDiscoverer => new LambdaDiscoverer(new LambdaClient(INVOKING));

export const lambdaVersions = (): LambdaVersions => new LambdaVersions(new LambdaClient({}));
