/**
 * A file that would serve its handlers over HTTP, run by the engine itself: what it serves is collected instead
 * (`sdk/turn/collected.ts`), and the port that it would listen on stays free. A process of the code before, and one of the code
 * after, may both be there, and a turn that is suspected of harm has a process of its own: all would want that port.
 */
import { type AddressInfo, Server } from "node:net";

/** How long after it was loaded a file may take to say what it serves. */
const SERVED_MS_MAX = 2_000;
const COLLECTOR = Symbol.for("perdure.collector");
/** Marks a request handler that an endpoint was made into. */
const SERVED = Symbol.for("perdure.served");

type Listen = (this: Server, ...args: unknown[]) => Server;

interface Served {
  readonly services: readonly unknown[];
}

/** Answers what the file serves, once it has said so. Rejects if it does not. */
export function collectServed(): () => Promise<readonly object[]> {
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
  return async () => {
    const timer = setTimeout(() => first.reject(new Error(NOTHING_SERVED)), SERVED_MS_MAX);
    await first.promise.finally(() => clearTimeout(timer));
    return found;
  };
}

const NOTHING_SERVED =
  "the file has no default export and serves nothing: export its services as `export default [first, second]`, or serve() them";

/** Servers of such handlers only seem to listen. An HTTP/2 server without TLS has no other use, so one that wraps such a
 * handler in a function of its own is taken for one, too. */
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
