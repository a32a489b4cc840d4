/** The way from a function to SQS, which refuses the messages that it is told to, as SQS does: each by itself, the others of a batch are taken. */
import { once } from "node:events";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { decodeMessage, type Start } from "../../lib/model/message.ts";
import { type Proxy, serve } from "./api-proxy.ts";

interface Entry {
  readonly Id: string;
  readonly MessageBody: string;
}
interface Batch {
  readonly Entries: readonly Entry[];
}

export class FaultyMailbox {
  /** Whether a Start is refused now. */
  refuses: (start: Start) => boolean = () => false;
  /** Those that came, in their order, the refused ones among them. */
  readonly came: Start[] = [];
  readonly #proxy: Proxy;

  private constructor(proxy: Proxy) {
    this.#proxy = proxy;
  }

  static async open(endpoint: string): Promise<FaultyMailbox> {
    let mailbox: FaultyMailbox | undefined;
    const proxy = await serve((incoming, answer) => {
      void mailbox?.forward(incoming, answer, endpoint).catch(() => answer.destroy());
    });
    mailbox = new FaultyMailbox(proxy);
    return mailbox;
  }

  get url(): string {
    return this.#proxy.url;
  }

  async close(): Promise<void> {
    await this.#proxy.close();
  }

  private async forward(incoming: IncomingMessage, answer: ServerResponse, endpoint: string): Promise<void> {
    const body = JSON.parse(await text(incoming)) as Batch;
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
    const answeredText = await text(answered);
    const said = answered.statusCode === 200 ? withFailed(answeredText, Failed) : answeredText;
    answer.writeHead(answered.statusCode ?? 502, { "content-type": "application/x-amz-json-1.0" });
    answer.end(said);
  }

  #isRefused(body: string): boolean {
    const message = decodeMessage(body);
    if (message.kind !== "start") return false;
    this.came.push(message);
    return this.refuses(message);
  }
}

function withFailed(said: string, failed: readonly unknown[]): string {
  const answer = JSON.parse(said) as { readonly Failed?: readonly unknown[] };
  return JSON.stringify({ ...answer, Failed: [...(answer.Failed ?? []), ...failed] });
}
