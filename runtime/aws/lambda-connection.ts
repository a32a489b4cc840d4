/** What talks to Lambda. It is apart from connection.ts, so that only the functions that talk to Lambda load its client. */
import { LambdaClient } from "@aws-sdk/client-lambda";
import { AWS_CONNECT_MS_MAX } from "../../lib/limits/aws.ts";
import { LambdaDiscoverer } from "./lambda-discoverer.ts";
import type { Invoker } from "../../lib/ports.ts";
import { LambdaInvoker } from "./lambda-invoker.ts";
import { LambdaPublisher } from "./lambda-publisher.ts";
import { LambdaVersions } from "./lambda-versions.ts";
import { type OwnTables, OwnTablesInvoker } from "./own-tables-invoker.ts";

/** A turn takes as long as its handler, so only the connection has a bound. */
const INVOKING = { requestHandler: { connectionTimeout: AWS_CONNECT_MS_MAX, requestTimeout: 0 } };

/** It tries once: the retry policy decides what follows. */
export const lambdaInvoker = (own: OwnTables): Invoker =>
  new OwnTablesInvoker(new LambdaInvoker(new LambdaClient({ ...INVOKING, maxAttempts: 1 })), own);

export const lambdaDiscoverer = (attempts?: number): LambdaDiscoverer =>
  new LambdaDiscoverer(new LambdaClient(INVOKING), attempts);

export const lambdaVersions = (): LambdaVersions => new LambdaVersions(new LambdaClient({}));

export const lambdaPublisher = (): LambdaPublisher => new LambdaPublisher(new LambdaClient({}));
