/**
 * Runs a file that would serve its handlers over HTTP, without letting it listen. Its services are collected instead
 * (`collect` in sdk/endpoint.ts). The port must stay free: processes of the old code, of the new code and of turns that run alone
 * may all be there at the same time, and each would want it.
 */
import { type AddressInfo, Server } from "node:net";
import { SERVED_MS_MAX } from "../../../lib/limits/local.ts";

const COLLECTOR = Symbol.for("perdure.collector");
/** Marks a request handler that an endpoint was made into. */
const SERVED = Symbol.for("perdure.served");

type Listen = (this: Server, ...args: unknown[]) => Server;

interface Served {
  readonly services: readonly unknown[];
}

export interface CollectedServices {
  readonly byNow: () => readonly object[];
  /** Resolves to what the files serve, once they say so. Rejects if they do not. */
  readonly soon: () => Promise<readonly object[]>;
}

export function collectServed(): CollectedServices {
  const found: object[] = [];
  const first = Promise.withResolvers<undefined>();
  const seen = new Set<unknown>();
  // One endpoint may be made into several handlers.
  const collector = (served: Served): void => {
    const services = served.services.filter((service) => !seen.has(service));
    for (const service of services) seen.add(service);
    if (services.length > 0) found.push({ [SERVED]: { ...served, services } });
    first.resolve(undefined);
  };
  Object.defineProperty(globalThis, COLLECTOR, { value: collector });
  keepPortsFree(() => found.length > 0);
  const soon = async (): Promise<readonly object[]> => {
    const timer = setTimeout(() => first.reject(new Error(NOTHING_SERVED)), SERVED_MS_MAX);
    await first.promise.finally(() => clearTimeout(timer));
    return found;
  };
  return { byNow: () => found, soon };
}

const NOTHING_SERVED =
  "no services are exported, and none are served. Export what service(), object() and workflow() return, or serve() it.";

/** Servers of such handlers only seem to listen. A server may wrap such a handler in another function. So an HTTP/2 server
 * without TLS counts too: it has no other use. */
function keepPortsFree(isServing: () => boolean): void {
  const { listen } = Server.prototype as unknown as Record<"listen", Listen>;
  Server.prototype.listen = function seemToListen(this: Server, ...args: unknown[]): Server {
    const isMarked = this.listeners("request").some((listener) => SERVED in listener);
    const isHttp2 = this.constructor.name === "Http2Server";
    if (!isMarked && !(isHttp2 && isServing())) return listen.apply(this, args);
    const listening = args.findLast((arg) => typeof arg === "function");
    if (listening !== undefined) this.once("listening", listening as () => void);
    const address: AddressInfo = { address: "127.0.0.1", family: "IPv4", port: portIn(args) };
    this.address = () => address;
    process.nextTick(() => this.emit("listening"));
    return this;
  };
}

function portIn([first]: readonly unknown[]): number {
  const port = typeof first === "object" && first !== null && "port" in first ? first.port : first;
  return Number.isInteger(Number(port)) ? Number(port) : 0;
}
