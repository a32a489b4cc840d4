/** `perdure/restate` for servers that pass on `Request`s: alias `@restatedev/restate-sdk/fetch` to `perdure/restate/fetch`.
 * The server must let a request's and its response's body flow at the same time. */
import { type EndpointHandler, RestateEndpointBase } from "./endpoint.ts";
import { createFetchHandler, type FetchHandler } from "../serve/fetch.ts";
import type { NodeEndpointOptions } from "./serve.ts";

export * from "./index.ts";
export type { NodeEndpointOptions as FetchEndpointOptions } from "./serve.ts";

export const createEndpointHandler = (options: NodeEndpointOptions): EndpointHandler<FetchHandler> =>
  createFetchHandler(options);

export class FetchEndpoint extends RestateEndpointBase<EndpointHandler<FetchHandler>> {
  /** Nothing to enable: both bodies always flow at the same time. */
  bidirectional(_on?: boolean): this {
    return this;
  }
}
export const endpoint = (): FetchEndpoint => new FetchEndpoint(createEndpointHandler);
