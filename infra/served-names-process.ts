/**
 * The process that loads a bundle and asks its handler what it serves. Its arguments: the bundle, the file that it was made of, the
 * request, and the file descriptor for the answer. It imports nothing of Perdure's, so that it starts soon.
 */
import { writeSync } from "node:fs";
// Not by name: `registerHooks` is in Node 22.15 and newer.
import * as nodeModule from "node:module";
import { pathToFileURL } from "node:url";
import type { DiscoveryResponse } from "../lib/protocol.ts";
import type { ServiceManifest } from "../lib/model/manifest.ts";
import type { ServedNames, ServedService } from "./served-names.ts";

type Handler = (event: unknown, context: unknown) => Promise<Partial<DiscoveryResponse> | undefined>;

const [bundle = "", entry = "", request = "", answerTo = ""] = process.argv.slice(2);

/** As in Lambda, a wrapper of the handler may look at it. */
const CONTEXT = {
  functionName: "synth",
  functionVersion: "$LATEST",
  invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:synth",
  memoryLimitInMB: "512",
  awsRequestId: "synth",
  getRemainingTimeInMillis: (): number => 10_000,
};

/** Packages that are not in the bundle are those of the project, although the bundle is elsewhere. */
function lookBesideEntry(): void {
  const parentURL = pathToFileURL(entry).href;
  nodeModule.registerHooks?.({
    resolve: (specifier, context, next) => {
      try {
        return next(specifier, context);
      } catch {
        return next(specifier, { ...context, parentURL });
      }
    },
  });
}

/** A handler that was not made by Perdure may say less. */
const servedIn = ({ name, type, handlers }: Partial<ServiceManifest>): readonly ServedService[] =>
  name !== undefined && handlers
    ? [{ name, isKeyed: type !== "service", handlers: handlers.map((handler) => handler.name) }]
    : [];

async function ask(): Promise<ServedNames> {
  const { handler } = (await import(pathToFileURL(bundle).href)) as { readonly handler?: Handler };
  if (typeof handler !== "function") return { reason: "its `handler` is not a function" };
  const answer = await handler(JSON.parse(request) as unknown, CONTEXT);
  if (Array.isArray(answer?.services))
    return { names: answer.services.map(({ name }) => name), served: answer.services.flatMap(servedIn) };
  return { reason: "its `handler` was not made by createLambdaHandler: it does not say what it serves" };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

lookBesideEntry();
const answer = await ask().catch((error: unknown): ServedNames => ({ reason: reasonOf(error) }));
writeSync(Number(answerTo), JSON.stringify(answer));
// What the code has opened at load may go on.
process.exit(0);
