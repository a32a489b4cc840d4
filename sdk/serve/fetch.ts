/** Serves handlers where a server passes on `Request`s. The server must let both bodies flow at the same time. */
import { HostedTurn, TURN_CONTENT_TYPE } from "../../runtime/dev/hosts/hosted-turn.ts";
import { type Endpoint, SERVED, type Served } from "../endpoint.ts";
import { answerAtOnce, servedEndpoint } from "./answer.ts";

export type FetchHandler = (request: Request, ...extraArgs: unknown[]) => Promise<Response>;

/** Throws `TypeError` if `services` is not a list of definitions. */
export function createFetchHandler(options: Served): FetchHandler & { readonly [SERVED]: Served } {
  const { endpoint } = servedEndpoint(options);
  const handle: FetchHandler = async (request, ...extraArgs) => answer(endpoint, request, extraArgs);
  return Object.assign(handle, { [SERVED]: options });
}

function answer(endpoint: Endpoint, request: Request, extraArgs: unknown[]): Response {
  const { url, headers, body } = request;
  const atOnce = answerAtOnce(endpoint, {
    path: new URL(url).pathname,
    accept: headers.get("accept") ?? undefined,
    // A turn is asked for in the body.
    contentType: (body && headers.get("content-type")) ?? undefined,
  });
  if (atOnce) {
    const { status, text, contentType } = atOnce;
    return new Response(text === "" ? null : text, {
      status,
      ...(contentType === undefined ? {} : { headers: { "content-type": contentType } }),
    });
  }
  const said = turnBody(endpoint, body ?? new ReadableStream(), extraArgs);
  return new Response(said, { status: 200, headers: { "content-type": TURN_CONTENT_TYPE } });
}

function turnBody(
  endpoint: Endpoint,
  asked: ReadableStream<Uint8Array>,
  extraArgs: unknown[],
): ReadableStream<Uint8Array> {
  let turn: HostedTurn | undefined;
  let cancelled = false;
  return new ReadableStream({
    start(controller) {
      const running = new HostedTurn(
        (request, ports) => endpoint.runTurn(request, ports, extraArgs),
        (bytes) => controller.enqueue(bytes),
      );
      turn = running;
      void listen(asked, running).finally(() => {
        running.close();
        // A stream that was cancelled is closed already.
        if (!cancelled) controller.close();
      });
    },
    cancel() {
      cancelled = true;
      turn?.close();
    },
  });
}

/** Resolves when the engine ends its side, or it breaks off. */
async function listen(asked: ReadableStream<Uint8Array>, turn: HostedTurn): Promise<void> {
  try {
    for await (const bytes of asked) turn.push(bytes);
  } catch {
    // The turn is closed next, whatever it was.
  }
}
