import { describe } from "vitest";
import { receiptsSuite, sqsSuites } from "../contract/sqs-suites.ts";
import { MOTO_ACCOUNT } from "../support/emulator-moto.ts";
import { sqsAt } from "../support/emulator-sqs.ts";
import { sharedMoto, whyNoMoto } from "./shared-moto.ts";

describe.skipIf(whyNoMoto !== undefined)("moto", () => {
  const open = sharedMoto();
  const start = async () => sqsAt({ ...open(), account: MOTO_ACCOUNT }, async () => undefined);
  sqsSuites("SQS (moto)", start, { unordered: true, forgets: true });
  receiptsSuite("SQS (moto)", start);
});
