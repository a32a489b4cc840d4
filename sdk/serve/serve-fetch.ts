/** Serves handlers where a server passes on `Request`s: one that lets both bodies flow at the same time. */
import {
  DISCOVERY_CONTENT_TYPE,
  HostedTurn,
  TURN_CONTENT_TYPE,
} from "../../runtime/dev/hosts/hosted-turn.ts";
import { collect } from "../turn/collected.ts";
import { createEndpoint, type Endpoint, SERVED, type Served } from "../endpoint.ts";
import { acceptsDiscovery, FOREIGN, type HandlerOptions } from "./serve.ts";

export type FetchHandler = (request: Request, ...extraArgs: unknown[]) => Promise<Response>;

/** Throws `TypeError` for what is no list of definitions. */
export function createFetchHandler(options: HandlerOptions): FetchHandler & { readonly [SERVED]: Served } {
  const { services, ...rest } = options;
  const endpoint = createEndpoint(services, rest);
  collect(options);
  const handle: FetchHandler = async (request, ...extraArgs) => answer(endpoint, request, extraArgs);
  return Object.assign(handle, { [SERVED]: options });
}

function answer(endpoint: Endpoint, request: Request, extraArgs: unknown[]): Response {
  const { pathname } = new URL(request.url);
  const { headers } = request;
  if (pathname.endsWith("/health")) return new Response(null, { status: 200 });
  if (pathname.endsWith("/discover")) {
    if (!acceptsDiscovery(headers.get("accept") ?? undefined)) return new Response(FOREIGN, { status: 415 });
    return Response.json(endpoint.discover(), { headers: { "content-type": DISCOVERY_CONTENT_TYPE } });
  }
  if (!pathname.endsWith("/turn")) return new Response("not found", { status: 404 });
  if (headers.get("content-type") !== TURN_CONTENT_TYPE || request.body === null) {
    return new Response(FOREIGN, { status: 415 });
  }
  const body = turnBody(endpoint, request.body, extraArgs);
  return new Response(body, { status: 200, headers: { "content-type": TURN_CONTENT_TYPE } });
}

function turnBody(
  endpoint: Endpoint,
  asked: ReadableStream<Uint8Array>,
  extraArgs: unknown[],
): ReadableStream<Uint8Array> {
  let turn: HostedTurn | undefined;
  return new ReadableStream({
    start(controller) {
      const running = new HostedTurn(
        (request, ports) => endpoint.runTurn(request, ports, extraArgs),
        (bytes) => controller.enqueue(bytes),
      );
      turn = running;
      void listen(asked, running).finally(() => {
        running.close();
        // Cancelled in the meantime, it is closed already.
        if (controller.desiredSize !== null) controller.close();
      });
    },
    cancel: () => turn?.close(),
  });
}

/** Until the engine ends its side, or it breaks off. */
async function listen(asked: ReadableStream<Uint8Array>, turn: HostedTurn): Promise<void> {
  try {
    for await (const bytes of asked) turn.push(bytes);
  } catch {
    // The turn is closed next, whatever it was.
  }
}
