/** Restate's ways of serving over HTTP (`sdk/serve/index.ts`), under its names. */
import { SERVED } from "../endpoint.ts";
import { type EndpointHandler, type EndpointOptions, RestateEndpointBase } from "./endpoint.ts";
import {
  createEndpointHandler as createHandler,
  type HttpHandler,
  serve as serveOwn,
} from "../serve/index.ts";

export interface NodeEndpointOptions extends EndpointOptions {
  /** Accepted, and without effect: requests and responses always flow at the same time, over HTTP/1.1 too. */
  bidirectional?: boolean | undefined;
}
export interface ServeOptions extends EndpointOptions {
  port?: number | undefined;
}

type NodeHandler = EndpointHandler<HttpHandler>;

/** For `http2.createServer` or `http.createServer`, or a file's default export. */
export const createEndpointHandler = (options: NodeEndpointOptions): NodeHandler => createHandler(options);

/** Listens with HTTP/2, on the port of the environment variable `PORT` or 9080 if none is given. */
export const serve = (options: ServeOptions): Promise<number> => serveOwn(options);

export class RestateEndpoint extends RestateEndpointBase<NodeHandler> {
  http1Handler(_options?: { bidirectional?: boolean }): NodeHandler {
    return this.handler();
  }
  http2Handler(_options?: { bidirectional?: boolean }): NodeHandler {
    return this.handler();
  }
  override handler(_options?: { bidirectional?: boolean }): NodeHandler {
    return super.handler();
  }
  listen(port?: number): Promise<number> {
    return serve({ ...this[SERVED], ...(port === undefined ? {} : { port }) });
  }
}

export const endpoint = (): RestateEndpoint => new RestateEndpoint(createEndpointHandler);
