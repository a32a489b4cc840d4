/**
 * `perdure/restate` for Lambda functions: alias `@restatedev/restate-sdk/lambda` to `perdure/restate/lambda`. Its
 * handlers are invoked by the dispatcher.
 */
import { SERVED } from "../endpoint.ts";
import { createLambdaHandler } from "../lambda.ts";
import { type EndpointHandler, type EndpointOptions, RestateEndpointBase } from "./endpoint.ts";

export * from "./index.ts";

type LambdaHandler = ReturnType<typeof createLambdaHandler>;

/** `export const handler = createEndpointHandler({ services: [...] })`. */
export const createEndpointHandler = (options: EndpointOptions): EndpointHandler<LambdaHandler> =>
  Object.assign(createLambdaHandler(options), { [SERVED]: options });

export type LambdaEndpoint = RestateEndpointBase<EndpointHandler<LambdaHandler>>;
export const endpoint = (): LambdaEndpoint => new RestateEndpointBase(createEndpointHandler);
