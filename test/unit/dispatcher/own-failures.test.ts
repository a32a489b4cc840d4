/** What a message's receipts say, and what its own failures do (R16). */
import { expect, test } from "vitest";
import { OperationalError } from "../../../lib/errors.ts";
import { FAILING_MESSAGES_MAX, RECEIVES_MAX, REFUSALS_MAX } from "../../../lib/limits.ts";
import { OwnFailures } from "../../../runtime/dispatcher/own-failures.ts";

const received = (receiveCount: number, messageId = "m") => ({
  ...{ messageId, receiveCount, body: "", group: "g", sequence: "1" },
});
const fault = new Error("a bug");

test("one that fails from the first time on has failed too often at its tenth receipt", () => {
  const failures = new OwnFailures();
  for (let count = 1; count < RECEIVES_MAX; count++)
    expect(failures.isOneTooMany(received(count), fault)).toBe(false);
  expect(failures.isOneTooMany(received(RECEIVES_MAX), fault)).toBe(true);
});

test("one that was given back because of another has three failures of its own before that", () => {
  const failures = new OwnFailures();
  const tried = [12, 13, 14].map((count) => failures.isOneTooMany(received(count), fault));
  expect(tried).toEqual([false, false, true]);
});

test("one whose failures other processes have counted has failed too often at twice as many receipts", () => {
  expect(new OwnFailures().isOneTooMany(received(2 * RECEIVES_MAX - 1), fault)).toBe(false);
  expect(new OwnFailures().isOneTooMany(received(2 * RECEIVES_MAX), fault)).toBe(true);
});

test("what may pass is never too often, and what is too large soon", () => {
  const failures = new OwnFailures();
  expect(failures.isOneTooMany(received(999), new OperationalError("unavailable", "away"))).toBe(false);
  const tooLarge = new OperationalError("too-large", "large");
  expect(failures.isOneTooMany(received(REFUSALS_MAX - 1), tooLarge)).toBe(false);
  expect(failures.isOneTooMany(received(REFUSALS_MAX), tooLarge)).toBe(true);
});

test("it remembers a thousand messages, and forgets the oldest", () => {
  const failures = new OwnFailures();
  for (let n = 0; n <= FAILING_MESSAGES_MAX; n++) failures.isOneTooMany(received(1, `m${n}`), fault);
  for (const message of ["m0", `m${FAILING_MESSAGES_MAX}`])
    failures.isOneTooMany(received(RECEIVES_MAX, message), fault);
  expect(failures.isOneTooMany(received(RECEIVES_MAX, "m0"), fault)).toBe(false);
  expect(failures.isOneTooMany(received(RECEIVES_MAX, `m${FAILING_MESSAGES_MAX}`), fault)).toBe(true);
});
