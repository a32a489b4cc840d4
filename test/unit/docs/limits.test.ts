/** The page of limits says what the code holds. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TURN_MS_MAX } from "../../../lib/limits/local.ts";
import {
  DELAY_MS_MAX,
  ERROR_MESSAGE_CHARS_MAX,
  ERROR_STACK_CHARS_MAX,
  HEADERS_BYTES_MAX,
  IDEMPOTENCY_KEY_BYTES_MAX,
  JOURNAL_ENTRIES_MAX,
  JSON_DEPTH_MAX,
  KEY_BYTES_MAX,
  METADATA_BYTES_MAX,
  NAME_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  RETRY_MAX_INTERVAL_MS,
  SHORT_WAIT_MS,
} from "../../../lib/limits.ts";
import { ROOT } from "./page.ts";

const page = readFileSync(join(ROOT, "docs/limits.md"), "utf8");
const KB = 1024;
const MB = 1024 * KB;
const YEAR_MS = 365 * 24 * 60 * 60_000;
const inWords = (count: number): string => (count === 0.5 ? "half a" : count.toLocaleString("en"));

test.each([
  ["a step's result", PAYLOAD_BYTES_MAX / MB, "MB"],
  ["a key of an object", KEY_BYTES_MAX, "bytes"],
  ["a name:", NAME_BYTES_MAX, "bytes"],
  ["an idempotency key", IDEMPOTENCY_KEY_BYTES_MAX, "bytes"],
  ["the headers of a request", HEADERS_BYTES_MAX / KB, "KB"],
  ["the metadata of", METADATA_BYTES_MAX / KB, "KB"],
  ["levels of lists", JSON_DEPTH_MAX, ""],
  ["an error's message", ERROR_MESSAGE_CHARS_MAX, "characters"],
  ["an error's stack", ERROR_STACK_CHARS_MAX, "characters"],
  ["operations", JOURNAL_ENTRIES_MAX, ""],
  ["a sleep", DELAY_MS_MAX / YEAR_MS, "years"],
  ["the time of one turn locally", TURN_MS_MAX / 60_000, "minutes"],
  ["a pause between attempts", RETRY_MAX_INTERVAL_MS / 60_000, "minute"],
  ["a wait that is not worth", SHORT_WAIT_MS / 1000, "second"],
])("%s", (what, count, unit) => {
  const row = page.split("\n").find((line) => line.startsWith("|") && line.includes(what)) ?? "";
  expect(row).toContain(`${inWords(count)} ${unit}`.trim());
});
