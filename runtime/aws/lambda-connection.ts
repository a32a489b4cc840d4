/** What talks to Lambda. */
import { httpTo } from "../../lib/aws/clients.ts";
import { RestService } from "../../lib/aws/rest-service.ts";
import type { Environment } from "../../lib/environment.ts";
import { LambdaDiscoverer } from "./lambda-discoverer.ts";
import type { Invoker } from "../../lib/ports.ts";
import { LambdaInvoker } from "./lambda-invoker.ts";
import { LambdaPublisher } from "./lambda-publisher.ts";
import { LambdaRehearser } from "./lambda-rehearser.ts";
import { LambdaVersions } from "./lambda-versions.ts";
import { type OwnTables, OwnTablesInvoker } from "./own-tables-invoker.ts";

export const lambdaInvoker = (environment: Environment, own: OwnTables): Invoker =>
  new OwnTablesInvoker(new LambdaInvoker(httpTo(environment, "lambda")), own);

export const lambdaDiscoverer = (environment: Environment, attempts?: number): LambdaDiscoverer =>
  new LambdaDiscoverer(new RestService(httpTo(environment, "lambda")), attempts);

export const lambdaPublisher = (environment: Environment): LambdaPublisher =>
  new LambdaPublisher(new RestService(httpTo(environment, "lambda")));

export const lambdaRehearser = (environment: Environment): LambdaRehearser =>
  new LambdaRehearser(new RestService(httpTo(environment, "lambda")));

export const lambdaVersions = (environment: Environment): LambdaVersions =>
  new LambdaVersions(new RestService(httpTo(environment, "lambda")));
