// Word of changes, over HTTP: in time, gathered, bounded, and over when the client or the server goes.
import { afterEach, expect, test, vi } from "vitest";
import { HttpServer } from "../../../../runtime/dev/http-server.ts";
import { Changes } from "../../../../runtime/dev/ui/changes.ts";
import { emptyResponse } from "../../../../runtime/http/message.ts";

/** A busy machine takes its time. */
const PATIENT = { timeout: 15_000, interval: 10 };

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function serve(changes: Changes) {
  const server = new HttpServer((request) => Promise.resolve(changes.answer(request) ?? emptyResponse(404)), {
    ...{ host: "127.0.0.1", port: 0, bodyBytesMax: 1000 },
  });
  ends.push(
    () => changes.stop(),
    () => server.destroy(),
  );
  return { server, url: `${(await server.listen()).replace("localhost", "127.0.0.1")}/changes` };
}

/** Listens, and gathers what comes. */
async function listen(url: string, headers: Record<string, string> = {}) {
  const gone = new AbortController();
  const response = await fetch(url, { headers, signal: gone.signal });
  const heard = { text: "", isOver: false };
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) heard.text += decoder.decode(chunk);
  };
  const over = read().then(
    () => (heard.isOver = true),
    () => (heard.isOver = true),
  );
  ends.push(() => gone.abort());
  return { response, heard, over, leave: () => gone.abort() };
}

const eventsIn = (text: string): string[] => text.split("\n\n").filter((part) => part.startsWith("event: "));

test("a change is told at once, and says in which table", async () => {
  const changes = new Changes();
  const { url } = await serve(changes);
  const { response, heard } = await listen(url);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(response.headers.get("cache-control")).toBe("no-store");
  const beganMs = performance.now();
  changes.note("journal");
  await vi.waitFor(() => expect(eventsIn(heard.text)).toHaveLength(1), PATIENT);
  expect(performance.now() - beganMs).toBeLessThan(1000);
  expect(eventsIn(heard.text)).toEqual(['event: change\nid: 1\ndata: {"count":1,"tables":["journal"]}']);
});

test("a burst is told once at its beginning and once at its end", async () => {
  const changes = new Changes();
  const { url } = await serve(changes);
  const { heard } = await listen(url);
  await vi.waitFor(() => expect(heard.text).toContain("id: 0"), PATIENT);
  for (let n = 0; n < 100; n++) {
    changes.note("journal");
    changes.note("state");
  }
  await vi.waitFor(() => expect(eventsIn(heard.text)).toHaveLength(2), PATIENT);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(eventsIn(heard.text)).toHaveLength(2);
  expect(eventsIn(heard.text)[1]).toContain('"tables":["state","journal"]');
});

test("what comes back after it was away is told to ask again", async () => {
  const { url } = await serve(new Changes());
  const { heard } = await listen(url, { "last-event-id": "7" });
  await vi.waitFor(() => expect(eventsIn(heard.text)).toHaveLength(1), PATIENT);
});

test("one listener too many is refused, and comes in when another has gone", async () => {
  const { url } = await serve(new Changes({ listenersMax: 1 }));
  const first = await listen(url);
  const refused = await fetch(url);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "15"]);
  first.leave();
  await vi.waitFor(async () => {
    const { response, leave } = await listen(url);
    if (response.status !== 200) leave();
    expect(response.status).toBe(200);
  }, PATIENT);
});

test("it ends when the server closes", async () => {
  const { server, url } = await serve(new Changes());
  const { heard, over } = await listen(url);
  server.close();
  await over;
  expect(heard.isOver).toBe(true);
});

test("a listener that does not read is cut off", async () => {
  const changes = new Changes();
  const sent: string[] = [];
  let cut = false;
  const server = new HttpServer(
    () =>
      Promise.resolve({
        ...{ status: 200, headers: {} },
        stream: (send: (text: string) => void, gone: AbortSignal) => {
          gone.addEventListener("abort", () => (cut = true));
          const push = (): void => {
            if (cut || sent.length > 10_000) return;
            send("x".repeat(100_000));
            sent.push("");
            setImmediate(push);
          };
          push();
        },
      }),
    { host: "127.0.0.1", port: 0, bodyBytesMax: 1000 },
  );
  ends.push(() => server.destroy());
  const url = (await server.listen()).replace("localhost", "127.0.0.1");
  const response = await fetch(url).catch(() => undefined);
  await vi.waitFor(() => expect(cut).toBe(true), PATIENT);
  expect(sent.length).toBeLessThan(1000);
  await response?.body?.cancel().catch(() => undefined);
  changes.stop();
});

test("another method is refused, and another path is none of its own", () => {
  const changes = new Changes();
  const request = { query: new URLSearchParams(), headers: {}, body: new Uint8Array(0) };
  expect(changes.answer({ ...request, method: "POST", path: "/changes" })).toMatchObject({ status: 405 });
  expect(changes.answer({ ...request, method: "GET", path: "/changed" })).toBeUndefined();
});
