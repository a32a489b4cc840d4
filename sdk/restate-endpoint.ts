/**
 * Restate's ways of serving. There, a process listens and a server calls it; here, nothing listens: `perdure dev` loads
 * the file, or Lambda does (restate-lambda.ts), and runs what it serves. So whatever describes an endpoint may be a
 * file's default export, and what would listen says what to do instead.
 */
import type { WorkflowOptions } from "./definition.ts";
import { type EndpointOptions as OwnOptions, SERVED, type Served } from "./endpoint.ts";
import type { LoggerTransport } from "./logger.ts";

export type DefaultServiceOptions = WorkflowOptions;

export interface EndpointOptions extends OwnOptions {
  services: readonly unknown[];
  /** Nothing is exposed over HTTP: who may invoke the function is IAM's to say. Accepted, and without effect. */
  identityKeys?: string[];
}
export interface ServeOptions extends EndpointOptions {
  /** The ingress's port is an option of `perdure dev`. */
  port?: number;
}

const NOT_SERVED =
  "serve(), listen() and HTTP handlers do not start a server here. Export the services, `export default [first, " +
  "second]`, and run the file with `perdure dev <file>`. In Lambda, export the createEndpointHandler({ services }) of " +
  "perdure/restate/lambda.";

/** Stands for a whole endpoint where definitions are expected, and is what would serve it elsewhere. */
export type EndpointHandler<H> = H & { readonly [SERVED]: Served };

type HttpHandler = EndpointHandler<(...request: unknown[]) => never>;

/** Of a file whose default export it is. Called, it throws: nothing is served over HTTP. */
export function createEndpointHandler(options: EndpointOptions): HttpHandler {
  return Object.assign((): never => notServed(), { [SERVED]: options });
}
function notServed(): never {
  throw new Error(NOT_SERVED);
}

/** The process that `perdure dev` runs a file in. */
const DEV_HOST = /[\\/]runtime[\\/]dev[\\/]host\.[jt]s$/;

/** Under `perdure dev` the file is served already: nothing to do. Elsewhere rejects, saying how it is served. */
export async function serve({ port = 0 }: ServeOptions): Promise<number> {
  if (DEV_HOST.test(process.argv[1] ?? "")) return port;
  throw new Error(NOT_SERVED);
}

/** The builder; itself a file's default export, or `handler()` a Lambda function's. */
export class RestateEndpoint<Handler = HttpHandler> {
  readonly #handlerOf: (options: EndpointOptions) => Handler;
  readonly #services: unknown[] = [];
  #options: OwnOptions = {};

  /** @internal */
  constructor(handlerOf: (options: EndpointOptions) => Handler) {
    this.#handlerOf = handlerOf;
  }

  get [SERVED](): Served {
    return { ...this.#options, services: this.#services };
  }

  bind(definition: { readonly name: string }): this {
    this.#services.push(definition);
    return this;
  }
  defaultServiceOptions(options: DefaultServiceOptions): this {
    this.#options = { ...this.#options, defaultServiceOptions: options };
    return this;
  }
  setLogger(logger: LoggerTransport): this {
    this.#options = { ...this.#options, logger };
    return this;
  }
  /** See {@link EndpointOptions.identityKeys}. */
  withIdentityV1(..._keys: string[]): this {
    return this;
  }
  handler(): Handler {
    return this.#handlerOf(this[SERVED]);
  }
  /** Throws: nothing is served over HTTP. */
  http1Handler(): (...request: unknown[]) => void {
    return notServed();
  }
  /** Throws: nothing is served over HTTP. */
  http2Handler(): (...request: unknown[]) => void {
    return notServed();
  }
  async listen(port?: number): Promise<number> {
    return await serve({ ...this[SERVED], ...(port === undefined ? {} : { port }) });
  }
}

export const endpoint = (): RestateEndpoint => new RestateEndpoint(createEndpointHandler);
