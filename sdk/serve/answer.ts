/** What a process that serves handlers answers, whatever server or runtime carries it. */
import { DISCOVERY_CONTENT_TYPE, TURN_CONTENT_TYPE } from "../../runtime/dev/hosts/hosted-turn.ts";
import { collect, createEndpoint, type Endpoint, type Served } from "../endpoint.ts";

/** The endpoint, and whether `perdure dev` has taken note of it: then `perdure dev` runs the handlers itself. Throws
 * `TypeError` if `services` is not a list of definitions. */
export function servedEndpoint(served: Served): { readonly endpoint: Endpoint; readonly collected: boolean } {
  const { services, ...options } = served;
  return { endpoint: createEndpoint(services, options), collected: collect(served) };
}

export interface Asked {
  readonly path: string;
  readonly accept: string | undefined;
  readonly contentType: string | undefined;
}
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly contentType?: string;
}

const FOREIGN: Answer = {
  status: 415,
  text: "these handlers are served by Perdure: register them with a Perdure server of this version",
};

/** `undefined`: the request is a turn, whose answer takes its time. */
export function answerAtOnce(
  endpoint: Endpoint,
  { path, accept = "*/*", contentType }: Asked,
): Answer | undefined {
  if (path.endsWith("/health")) return { status: 200, text: "" };
  if (path.endsWith("/discover")) {
    // The wildcard is for people with a browser.
    if (!accept.includes(DISCOVERY_CONTENT_TYPE) && !accept.includes("*/*")) return FOREIGN;
    return { status: 200, text: JSON.stringify(endpoint.discover()), contentType: DISCOVERY_CONTENT_TYPE };
  }
  if (!path.endsWith("/turn")) return { status: 404, text: "not found" };
  // No web page can send this content type on its own. So a browser that reaches the port cannot be made to run handlers.
  return contentType === TURN_CONTENT_TYPE ? undefined : FOREIGN;
}
