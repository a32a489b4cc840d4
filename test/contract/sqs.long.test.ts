import { startFauxqs } from "../support/emulator-sqs.ts";
import { sqsSuites } from "./sqs-suites.ts";

sqsSuites("SQS (fauxqs)", startFauxqs);
