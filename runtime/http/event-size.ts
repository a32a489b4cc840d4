/**
 * How long a body is in the event that API Gateway makes of a request. What it takes for text stands there as a JSON text, so quotes, backslashes
 * and line ends count twice, other control characters six times. Everything else comes in base64, where 4 MiB always fit.
 *
 * What is too long there never reaches the ingress: AWS answers it, without a word of ours. So the ingress refuses it everywhere, and
 * a program learns of it from `perdure dev`. It is assumed that API Gateway escapes what JSON demands and no more, which was not tried
 * in AWS.
 */
const TEXTS: ReadonlySet<string> = new Set(["application/json", "application/javascript", "application/xml"]);
const LONG_ESCAPE = 6;
const SHORT_ESCAPES = '"\\\b\t\n\f\r';
const SPACE = 0x20;

/** By the byte: how many there are of it in a JSON text. */
const WRITTEN = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (SHORT_ESCAPES.includes(String.fromCharCode(byte))) return 2;
  return byte < SPACE ? LONG_ESCAPE : 1;
});

/** Without a content type it is not known. Such a body is taken. */
export function isTextInEvent(contentType: string | undefined): boolean {
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  return type.startsWith("text/") || TEXTS.has(type);
}

/** Bytes of the JSON text, without its quotes; or the body's own length where that cannot reach `most`. */
export function bytesInEvent(body: Uint8Array, most: number): number {
  if (body.byteLength * LONG_ESCAPE <= most) return body.byteLength;
  let bytes = 0;
  for (let at = 0; at < body.byteLength; at++) bytes += WRITTEN[body[at] ?? 0] ?? 0;
  return bytes;
}
