/** The code of an environment: the services of its test, and those that stand for others, each as a deployment. */
import type { ServiceManifest } from "../../lib/model/manifest.ts";
import type { TurnRequest } from "../../lib/protocol.ts";
import { createEndpoint, type Endpoint, type EndpointOptions } from "../endpoint.ts";
import type { TestTurns } from "./turns.ts";

const DEPLOYMENT = "dp_test";

interface Deployed {
  readonly id: string;
  readonly services: readonly ServiceManifest[];
}
interface Code {
  readonly endpoint: Endpoint;
  readonly definitions: readonly unknown[];
  /** Made when it is asked for. */
  silent?: Endpoint;
}

export class ServedCode {
  readonly #code = new Map<string, Code>();
  readonly #options: EndpointOptions;
  readonly #turns: Pick<TestTurns, "transport" | "heard">;

  /** Throws `TypeError` if `services` is not a list of definitions. */
  constructor(
    services: readonly unknown[],
    { logger, defaultServiceOptions }: EndpointOptions,
    turns: Pick<TestTurns, "transport" | "heard">,
  ) {
    const transport = turns.transport(logger);
    this.#options = {
      ...(transport ? { logger: transport } : {}),
      ...(defaultServiceOptions ? { defaultServiceOptions } : {}),
    };
    this.#turns = turns;
    this.#add(DEPLOYMENT, services);
  }

  /** Another deployment. Throws as the constructor does. */
  add(services: readonly unknown[]): Deployed {
    return this.#add(`${DEPLOYMENT}_${this.#code.size + 1}`, services);
  }

  #add(id: string, definitions: readonly unknown[]): Deployed {
    const endpoint = createEndpoint(definitions, this.#options, this.#turns.heard);
    this.#code.set(id, { endpoint, definitions });
    return { id, services: endpoint.discover().services };
  }

  get deployments(): readonly Deployed[] {
    return [...this.#code].map(([id, { endpoint }]) => ({ id, services: endpoint.discover().services }));
  }

  of({ deployment }: TurnRequest): Endpoint {
    return this.#of(deployment).endpoint;
  }

  /** The same code, whose words nobody hears: for what only repeats them. */
  silent({ deployment }: TurnRequest): Endpoint {
    const code = this.#of(deployment);
    return (code.silent ??= createEndpoint(code.definitions, { ...this.#options, logger: () => undefined }));
  }

  #of(id: string): Code {
    const code = this.#code.get(id);
    if (!code) throw new TypeError(`no deployment ${id} is in this environment`);
    return code;
  }
}
