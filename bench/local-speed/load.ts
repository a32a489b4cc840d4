/**
 * The load generator, a process of its own. It keeps `clients` connections busy with one request each. It uses plain
 * sockets, to cost little beside what it measures. `node load.ts '<json of Load>'` prints a {@link Measured} as JSON.
 */
import { connect, type Socket } from "node:net";

export interface Load {
  readonly port: number;
  readonly clients: number;
  readonly seconds: number;
  readonly warmSeconds: number;
  /** `{n}` becomes a number below `keys`. */
  readonly path: string;
  readonly keys: number;
  readonly body: string;
}
export interface Measured {
  readonly requests: number;
  /** With those before the warm-up's end. */
  readonly all: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

const HEAD_END = "\r\n\r\n";

class Client {
  readonly latencies: number[] = [];
  failed = 0;
  received = 0;
  readonly #load: Load;
  readonly #socket: Socket;
  #sentMs = 0;
  #buffered = "";
  #from = 0;
  #until = 0;

  constructor(load: Load, fromMs: number, untilMs: number) {
    this.#load = load;
    this.#from = fromMs;
    this.#until = untilMs;
    this.#socket = connect({ port: load.port, host: "127.0.0.1", noDelay: true });
    this.#socket.setEncoding("latin1");
  }

  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.on("error", reject);
      this.#socket.on("close", () => resolve());
      this.#socket.on("connect", () => this.#send());
      this.#socket.on("data", (text: string) => {
        this.#buffered += text;
        if (this.#complete()) this.#received();
      });
    });
  }

  #send(): void {
    const { path, keys, body, port } = this.#load;
    const target = path.replace("{n}", String(Math.floor(Math.random() * keys)));
    const headers = `host: localhost:${port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
    this.#sentMs = performance.now();
    this.#socket.write(`POST ${target} HTTP/1.1\r\n${headers}${HEAD_END}${body}`);
  }

  #complete(): boolean {
    const end = this.#buffered.indexOf(HEAD_END);
    if (end < 0) return false;
    const length = /content-length: (\d+)/i.exec(this.#buffered);
    if (length) return this.#buffered.length >= end + HEAD_END.length + Number(length[1]);
    return this.#buffered.endsWith("0\r\n\r\n");
  }

  #received(): void {
    const nowMs = performance.now();
    if (!this.#buffered.startsWith("HTTP/1.1 200")) this.failed++;
    this.#buffered = "";
    this.received++;
    if (this.#sentMs >= this.#from) this.latencies.push(nowMs - this.#sentMs);
    if (nowMs >= this.#until) this.#socket.destroy();
    else this.#send();
  }
}

const load = JSON.parse(process.argv[2] ?? "") as Load;
const fromMs = performance.now() + load.warmSeconds * 1000;
const untilMs = fromMs + load.seconds * 1000;
const clients = Array.from({ length: load.clients }, () => new Client(load, fromMs, untilMs));
await Promise.all(clients.map((client) => client.run()));
const latencies = clients.flatMap((client) => client.latencies).toSorted((a, b) => a - b);
const quantile = (q: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? 0;
const measured: Measured = {
  requests: latencies.length,
  all: clients.reduce((sum, client) => sum + client.received, 0),
  seconds: load.seconds,
  p50Ms: quantile(0.5),
  p99Ms: quantile(0.99),
  failed: clients.reduce((sum, client) => sum + client.failed, 0),
};
process.stdout.write(JSON.stringify(measured));
