/** The largest payloads, both ways, and long headers. */
import { createHash } from "node:crypto";
import { expectSame } from "../check.ts";
import type { StackAtHand, Verification } from "../verification.ts";

const MB = 1024 * 1024;
/** API Gateway takes 10 KB of headers in all, the signature's among them. */
const SURE_HEADER_KB = 8;
const HEADER_KB = [9, 10, 11] as const;

const TOO_LARGE = 413;
const messageIn = (json: string): unknown => (JSON.parse(json) as { readonly message?: unknown }).message;

export async function payloads({ ledger, scale }: Verification, { ingress }: StackAtHand): Promise<void> {
  const { payloadMb } = scale;
  await ledger.check("conformance", `${payloadMb} MiB of bytes reach a handler`, async (note) => {
    const body = new Uint8Array(payloadMb * MB).fill(0xc3);
    const headers = { "content-type": "application/octet-stream" };
    const answer = await ingress.door.request("POST", "/Blobs/hash", { body, headers });
    expectSame("status", answer.status, 200);
    const sha256 = createHash("sha256").update(body).digest("hex");
    expectSame("hash", JSON.parse(answer.body.toString()), sha256);
    note("time", Math.round(answer.ms), "ms");
  });
  const quotes = `${payloadMb} MiB of JSON that is mostly quotes reach a handler, or are refused with words`;
  await ledger.check("conformance", quotes, async (note) => {
    const item = '"",';
    const count = Math.floor((payloadMb * MB) / item.length) - 1;
    const body = `[${item.repeat(count - 1)}""]`;
    const headers = { "content-type": "application/json" };
    const answer = await ingress.door.request("POST", "/Blobs/count", { body, headers });
    note("status", answer.status);
    const said = answer.body.toString();
    // In the event of a function each quote counts twice.
    if (answer.status === TOO_LARGE) expectSame("type of its message", typeof messageIn(said), "string");
    else expectSame("status and items", [answer.status, said], [200, String(count)]);
  });
  await ledger.check("conformance", `a result of ${payloadMb} MiB comes back`, async () => {
    const answer = await ingress.post("/Blobs/make", payloadMb);
    expectSame("status", answer.status, 200);
    expectSame("bytes", answer.body.length, payloadMb * MB);
  });
  await ledger.check("conformance", `a header of ${SURE_HEADER_KB} KB reaches a handler`, async (note) => {
    const sent = (kb: number) =>
      ingress.post("/Greeter/headers", "x-long", { "x-long": "h".repeat(kb * 1024) });
    for (const kb of HEADER_KB) {
      const status = await sent(kb).then(
        (answer) => answer.status,
        () => "no answer",
      );
      note(`status with ${kb} KB`, status);
    }
    const { status, body } = await sent(SURE_HEADER_KB);
    expectSame("status", status, 200);
    expectSame("length", JSON.parse(body.toString()), SURE_HEADER_KB * 1024);
  });
}
