/** Typed clients of a test environment: those of `perdure/client`, over the ingress in this process. */
import { connect, type IngressClient } from "../client/index.ts";
import { clientProxy } from "../held.ts";
import type { TestEngine } from "./engine.ts";
import { asRequest } from "./request.ts";

const INGRESS = "http://ingress.test";
const ADMIN = "http://admin.test";

export const clientOf = (engine: TestEngine): IngressClient =>
  connect({ url: INGRESS, adminUrl: ADMIN, fetch: fetchFrom(engine) });

/** No request leaves the process. */
const fetchFrom =
  (engine: TestEngine): typeof fetch =>
  async (input, init = {}) => {
    const { href, origin } = new URL(input instanceof Request ? input.url : input);
    const sent = Object.fromEntries(new Headers(init.headers).entries());
    const body = init.body instanceof Uint8Array ? init.body : undefined;
    const request = asRequest(href.slice(origin.length), body, sent, init.method ?? "GET");
    const answer = await (origin === ADMIN ? engine.admin(request) : engine.ingress(request));
    const { status, headers } = answer;
    return new Response(answer.body.byteLength === 0 ? null : new Uint8Array(answer.body), {
      status,
      headers: { ...headers },
    });
  };

type Method = (...args: unknown[]) => Promise<unknown>;

/** The same client. Time may pass while its answers are awaited. */
export const awaitedCalls = <C>(
  definition: unknown,
  client: C,
  awaited: (promise: Promise<unknown>) => Promise<unknown>,
): C => {
  const { name } = definition as { readonly name: string };
  const method =
    (handler: string): Method =>
    (...args) =>
      awaited(((client as Record<string, Method>)[handler] as Method)(...args));
  return clientProxy(name, method) as C;
};
