/** What the body of an SQS message may hold. It is checked here, so that AWS never refuses one (P1). */
import { OperationalError } from "../errors.ts";
import { SQS_REQUEST_BYTES_MAX } from "../limits/aws.ts";

/** SQS takes the characters of XML 1.0. JSON escapes control characters and lone surrogates by itself, but not these two.
 * In JSON they stand only in strings, where their escapes mean the same. */
const NOT_XML = /[\uFFFE\uFFFF]/g;

/** `json` without characters that SQS refuses. Throws {@link OperationalError} `too-large` past 1 MiB. */
export function toSqsBody(json: string): string {
  const body = json.replace(NOT_XML, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
  const bytes = Buffer.byteLength(body);
  if (bytes > SQS_REQUEST_BYTES_MAX) {
    throw new OperationalError(
      "too-large",
      `a message of ${bytes} bytes is larger than SQS's ${SQS_REQUEST_BYTES_MAX}`,
    );
  }
  return body;
}
