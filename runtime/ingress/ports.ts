import type { DoorPorts } from "../../lib/store/admission.ts";
import type { Logger, Registry, Watch } from "../../lib/ports.ts";
import type { HttpRequest, HttpResponse } from "../http/message.ts";

export interface IngressPorts extends DoorPorts {
  readonly registry: Registry;
  readonly watch: Watch;
  readonly logger: Logger;
}

/** One request on its way through the ingress. */
export interface IngressExchange {
  readonly ports: IngressPorts;
  readonly request: HttpRequest;
  /** Aborted when the client has gone. It belongs to this request alone. */
  readonly signal: AbortSignal | undefined;
  /** How long a call or an attachment may hold the connection. */
  readonly callWaitMs: number;
}

export type Handling = Promise<HttpResponse>;
