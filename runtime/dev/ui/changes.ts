/**
 * `GET /changes`: word of changes in the store, as server-sent events. So an open page asks for what has changed, and for nothing
 * while all is quiet.
 *
 * An event says that something has changed, and in which tables. What it is, the page asks. Nothing is kept for one that was not
 * there: it is told of a change when it comes back, and asks again.
 */
import type { Table } from "../../../lib/model/item.ts";
import {
  CHANGE_LISTENERS_MAX,
  CHANGES_COMMENT_MS,
  CHANGES_EVERY_MS,
  CHANGES_RETRY_MS,
} from "../../../lib/limits/ui.ts";
import { type HttpRequest, type HttpResponse, jsonResponse } from "../../http/message.ts";
import type { StreamedResponse } from "../http-server.ts";

const PATH = "/changes";
/** A page names it when it comes back. */
const LAST_SEEN = "last-event-id";

type Send = (text: string) => void;

export class Changes {
  readonly #listeners = new Set<Send>();
  readonly #listenersMax: number;
  /** Tables that have changed since the last event. */
  readonly #changed = new Set<Table>();
  #count = 0;
  /** Runs from an event on: until it ends, changes are gathered. */
  #gathering: NodeJS.Timeout | undefined;
  #commenting: NodeJS.Timeout | undefined;

  constructor({ listenersMax = CHANGE_LISTENERS_MAX }: { readonly listenersMax?: number } = {}) {
    this.#listenersMax = listenersMax;
  }

  /** Something in the table has been written. */
  note(table: Table): void {
    if (this.#listeners.size === 0) return;
    this.#changed.add(table);
    if (this.#gathering === undefined) this.#tell();
  }

  /** `undefined`: the request is for something else. */
  answer({ method, path, headers }: HttpRequest): HttpResponse | StreamedResponse | undefined {
    if (path !== PATH) return undefined;
    if (method !== "GET") return refusal(405, "method not allowed", { allow: "GET" });
    if (this.#listeners.size >= this.#listenersMax) {
      const text = `${this.#listenersMax} pages listen for changes, and no more are served: ask again and again instead`;
      return refusal(503, text, { "retry-after": "15" });
    }
    const wasHere = headers[LAST_SEEN] !== undefined;
    return {
      status: 200,
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
      stream: (send, gone) => this.#listen(send, gone, wasHere),
    };
  }

  stop(): void {
    clearTimeout(this.#gathering);
    clearInterval(this.#commenting);
    this.#listeners.clear();
  }

  #listen(send: Send, gone: AbortSignal, wasHere: boolean): void {
    this.#listeners.add(send);
    gone.addEventListener("abort", () => this.#leave(send));
    this.#commenting ??= setInterval(() => this.#send(": nothing new\n\n"), CHANGES_COMMENT_MS).unref();
    // An id alone is no event. The browser keeps it, and says it when it comes back.
    send(`retry: ${CHANGES_RETRY_MS}\nid: ${this.#count}\n\n`);
    if (wasHere) send(eventOf(this.#count, []));
  }

  #leave(send: Send): void {
    this.#listeners.delete(send);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#commenting);
    this.#commenting = undefined;
    this.#changed.clear();
  }

  #tell(): void {
    this.#count++;
    const tables = [...this.#changed];
    this.#changed.clear();
    this.#gathering = setTimeout(() => {
      this.#gathering = undefined;
      if (this.#changed.size > 0) this.#tell();
    }, CHANGES_EVERY_MS).unref();
    this.#send(eventOf(this.#count, tables));
  }

  #send(text: string): void {
    for (const send of this.#listeners) send(text);
  }
}

const eventOf = (count: number, tables: readonly Table[]): string =>
  `event: change\nid: ${count}\ndata: ${JSON.stringify({ count, tables })}\n\n`;

const refusal = (status: number, message: string, headers: Record<string, string>): HttpResponse =>
  jsonResponse(status, { message, restate_code: null }, headers);
