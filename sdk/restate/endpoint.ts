/** What all of Restate's ways of serving share. Each of them may be the default export of a file that `perdure dev` runs. */
import type { WorkflowOptions } from "../definition.ts";
import { type EndpointOptions as OwnOptions, SERVED, type Served } from "../endpoint.ts";
import type { LoggerTransport } from "../logger.ts";

export type DefaultServiceOptions = WorkflowOptions;

export interface EndpointOptions extends OwnOptions {
  services: readonly unknown[];
  /** Accepted, and without effect. In AWS, IAM decides who may invoke the function. On your machine, only that machine reaches
   * the port. */
  identityKeys?: string[] | undefined;
}

/** Stands for a whole endpoint where definitions are expected, and is what serves it. */
export type EndpointHandler<H> = H & { readonly [SERVED]: Served };

/** The builder; itself a file's default export. */
export class RestateEndpointBase<Handler> {
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
}
