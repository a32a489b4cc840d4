/** Requests to a collector. */
import type { PostSpans } from "./exporter.ts";
import type { TracingSettings } from "./settings.ts";

/** As the global one. */
export type Fetch = (
  url: string,
  init: {
    readonly method: "POST";
    readonly headers: Record<string, string>;
    readonly body: string;
    readonly signal: AbortSignal;
  },
) => Promise<{ readonly status: number; arrayBuffer(): Promise<unknown> }>;

export const postWith =
  (fetch: Fetch, { endpoint, headers, timeoutMs }: TracingSettings): PostSpans =>
  async (body) => {
    const answer = await fetch(endpoint, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    // So that the connection can be used again.
    await answer.arrayBuffer();
    return { status: answer.status };
  };
