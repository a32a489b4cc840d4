import type { AcceptRequest, DoorPorts } from "../../lib/store/admission.ts";
import type { Invoker, Logger, Meter, Registry, Watch } from "../../lib/ports.ts";
import type { HttpRequest, HttpResponse } from "../http/message.ts";

export interface IngressPorts extends DoorPorts {
  readonly registry: Registry;
  readonly watch: Watch;
  readonly logger: Logger;
  readonly meter?: Meter;
  /** Spans are made: so in which trace a caller is counts, whatever header says it. */
  readonly isTraced?: boolean;
  /** Absent, or no timers: all calls go by the queue (R27). */
  readonly invoker?: Invoker;
}

/** One request on its way through the ingress. */
export interface IngressExchange {
  readonly ports: IngressPorts;
  readonly request: HttpRequest;
  /** Aborted when the client has gone. It belongs to this request alone. */
  readonly signal: AbortSignal | undefined;
  /** How long a call or an attachment may hold the connection. */
  readonly callWaitMs: number;
  /** Since when it holds it, by the stopwatch. Absent: since now. */
  readonly sinceMs?: number;
  /** Absent: all calls go by the queue. */
  readonly door?: CallsAtDoor | undefined;
}

/** Runs calls in this process (R27). */
export interface CallsAtDoor {
  /** Answers the call; or, `undefined`, it goes by the queue, and nothing has been done. */
  call(exchange: IngressExchange, request: AcceptRequest): Promise<HttpResponse | undefined>;
}

export type { Handling } from "../http/message.ts";
