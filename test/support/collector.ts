/** A collector of OTLP over HTTP that keeps what it gets. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { readProtobuf } from "./otlp-protobuf.ts";

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  /** As OTLP numbers them. */
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code?: number; readonly message?: string };
}

interface Pair {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
type SentSpan = Omit<CollectedSpan, "startMs" | "endMs" | "attributes" | "events"> & {
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Pair[];
  readonly events: readonly { readonly name: string; readonly attributes: readonly Pair[] }[];
};
interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Pair[] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

const plain = (pairs: readonly Pair[]): Record<string, unknown> =>
  Object.fromEntries(
    pairs.map(({ key, value }) => {
      const [[kind, held] = []] = Object.entries(value);
      return [key, kind === "intValue" ? Number(held) : held];
    }),
  );
const msOf = (nanos: string): number => Number(BigInt(nanos) / 1000n) / 1000;

export class Collector {
  readonly spans: CollectedSpan[] = [];
  readonly requests: { readonly bytes: number; readonly headers: Readonly<Record<string, unknown>> }[] = [];
  /** What is answered next, first to last; 200 when there is none left. */
  readonly answers: number[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks);
        const status = this.answers.shift() ?? 200;
        this.requests.push({ bytes: body.byteLength, headers: request.headers });
        const isJson = request.headers["content-type"] === "application/json";
        if (status < 300) this.#take(isJson ? (JSON.parse(body.toString()) as Sent) : readProtobuf(body));
        response.writeHead(status, { "content-type": "application/json" }).end("{}");
      });
    });
  }

  static async start(): Promise<Collector> {
    const collector = new Collector();
    await new Promise<void>((resolve) => collector.#server.listen(0, "127.0.0.1", resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take({ resourceSpans }: Sent): void {
    for (const { scopeSpans } of resourceSpans)
      for (const { spans } of scopeSpans)
        for (const { startTimeUnixNano, endTimeUnixNano, attributes, events, ...span } of spans)
          this.spans.push({
            ...span,
            ...{ startMs: msOf(startTimeUnixNano), endMs: msOf(endTimeUnixNano) },
            attributes: plain(attributes),
            events: events.map((event) => ({ name: event.name, attributes: plain(event.attributes) })),
          });
  }

  /** Resolves when there is such a span. Throws if there is none in time. */
  async until(found: (span: CollectedSpan) => boolean, withinMs = 5000): Promise<CollectedSpan> {
    const untilMs = performance.now() + withinMs;
    for (;;) {
      const span = this.spans.find(found);
      if (span) return span;
      if (performance.now() > untilMs)
        throw new Error(
          `no such span in ${withinMs} ms; there are ${this.spans.map(({ name }) => name).join(", ")}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** A tree of names, the children by when they began: for people and for assertions. Spans whose parent was not sent are roots. */
export function treeOf(spans: readonly CollectedSpan[]): string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined || !ids.has(parentSpanId));
  const lines: string[] = [];
  const walk = (span: CollectedSpan, depth: number): void => {
    lines.push(`${"  ".repeat(depth)}${span.name} [${KINDS[span.kind] ?? span.kind}]`);
    for (const child of inOrder(spans.filter(({ parentSpanId }) => parentSpanId === span.spanId)))
      walk(child, depth + 1);
  };
  for (const root of inOrder(roots)) walk(root, 0);
  return lines;
}

const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"];
const inOrder = (spans: readonly CollectedSpan[]): readonly CollectedSpan[] =>
  spans.toSorted((a, b) => a.startMs - b.startMs || a.name.localeCompare(b.name));
