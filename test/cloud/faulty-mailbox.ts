/** The way from a function to SQS, which refuses the messages that it is told to, as SQS does: each by itself, the others of a batch are taken. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeMessage, type Start } from "../../lib/model/message.ts";

interface Entry {
  readonly Id: string;
  readonly MessageBody: string;
}
interface Batch {
  readonly Entries: readonly Entry[];
}

export class FaultyMailbox {
  readonly url: string;
  /** Whether a Start is refused now. */
  refuses: (start: Start) => boolean = () => false;
  /** Those that came, in their order, the refused ones among them. */
  readonly came: Start[] = [];
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  static async open(endpoint: string): Promise<FaultyMailbox> {
    let mailbox: FaultyMailbox | undefined;
    const server = createServer((incoming, answer) => {
      void mailbox?.forward(incoming, answer, endpoint).catch(() => answer.destroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    mailbox = new FaultyMailbox(`http://127.0.0.1:${port}`, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return mailbox;
  }

  async close(): Promise<void> {
    await this.#close();
  }

  private async forward(incoming: IncomingMessage, answer: ServerResponse, endpoint: string): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString()) as Batch;
    const refused = body.Entries.filter(({ MessageBody }) => this.#isRefused(MessageBody));
    const kept = body.Entries.filter((entry) => !refused.includes(entry));
    const Failed = refused.map(({ Id }) => ({ Id, Code: "InternalError", SenderFault: false }));
    if (kept.length === 0) {
      answer.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
      answer.end(JSON.stringify({ Successful: [], Failed }));
      return;
    }
    const sent = JSON.stringify({ ...body, Entries: kept });
    const { hostname, port } = new URL(endpoint);
    const headers = { ...incoming.headers, "content-length": String(Buffer.byteLength(sent)) };
    const { method = "POST", url: path = "/" } = incoming;
    const outgoing = request({ hostname, port, method, path, headers });
    outgoing.end(sent);
    const [answered] = (await once(outgoing, "response")) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answered) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const said = answered.statusCode === 200 ? withFailed(text, Failed) : text;
    answer.writeHead(answered.statusCode ?? 502, { "content-type": "application/x-amz-json-1.0" });
    answer.end(said);
  }

  #isRefused(text: string): boolean {
    const message = decodeMessage(text);
    if (message.kind !== "start") return false;
    this.came.push(message);
    return this.refuses(message);
  }
}

function withFailed(text: string, failed: readonly unknown[]): string {
  const answer = JSON.parse(text) as { readonly Failed?: readonly unknown[] };
  return JSON.stringify({ ...answer, Failed: [...(answer.Failed ?? []), ...failed] });
}
