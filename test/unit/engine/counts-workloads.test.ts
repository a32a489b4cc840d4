/**
 * What the workloads of docs/benchmarks.md take, exactly: invocations, DynamoDB units, requests.
 *
 * The engine and the AWS adapters are the product's; AWS is bench/model. `npm run bench -- cost` checks the model's rule for
 * units against DynamoDB Local. If a change makes a workload dearer, the test fails until you change its expectation on purpose.
 */
import * as perdure from "perdure/restate";
import { expect, test } from "vitest";
import { Account } from "../../../bench/model/account.ts";
import { measureAlone } from "../../../bench/workloads/measure.ts";
import { servicesOf } from "../../../bench/workloads/services.ts";
import { WORKLOADS } from "../../../bench/workloads/workloads.ts";

interface Expected {
  readonly handler: number;
  readonly dispatcher: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly fifo: number;
  readonly standard?: number;
  readonly schedules?: number;
  /** Of turn requests. At most, since ids and times are part of them. Times of entries and turns are some 30 of them (0031). */
  readonly bytesMax: number;
}

/** The write of a turn's guard; and what the pass reads that comes to it: a page, and half a unit for the head. */
const GUARD = 1;
const LOOKS = 1.5;

const EXPECTED: Readonly<Record<string, Expected>> = {
  "no-op service call": { handler: 1, dispatcher: 0, writeUnits: 1, readUnits: 0, fifo: 0, bytesMax: 700 },
  "10 sequential steps": {
    handler: 1,
    dispatcher: 0,
    writeUnits: 10 + GUARD,
    readUnits: LOOKS,
    fifo: 0,
    bytesMax: 700,
  },
  "100 sequential steps": {
    handler: 1,
    dispatcher: 0,
    writeUnits: 102 + GUARD,
    readUnits: LOOKS,
    fifo: 0,
    bytesMax: 700,
  },
  "10 parallel steps": {
    handler: 1,
    dispatcher: 0,
    writeUnits: 1 + GUARD,
    readUnits: LOOKS,
    fifo: 0,
    bytesMax: 700,
  },
  // Two units an item, the journal's among them; and the completion.
  "transaction of 1 write": {
    handler: 1,
    dispatcher: 0,
    writeUnits: 2 * 2 + 1 + GUARD,
    readUnits: LOOKS,
    fifo: 0,
    bytesMax: 720,
  },
  "transaction of 2 writes": {
    handler: 1,
    dispatcher: 0,
    writeUnits: 2 * 3 + 1 + GUARD,
    readUnits: LOOKS,
    fifo: 0,
    bytesMax: 720,
  },
  "object add": { handler: 1, dispatcher: 1, writeUnits: 2, readUnits: 3.5, fifo: 3, bytesMax: 850 },
  "object of 1,000 keys, reads 3": {
    handler: 1,
    dispatcher: 1,
    writeUnits: 1,
    readUnits: 5,
    fifo: 3,
    bytesMax: 850,
  },
  "10 lazy state reads": {
    handler: 1,
    dispatcher: 1,
    writeUnits: 1,
    readUnits: 11.5,
    fifo: 3,
    bytesMax: 850,
  },
  "workflow with a promise": {
    handler: 3,
    dispatcher: 2,
    writeUnits: 11 + GUARD,
    // Two more than without retention: the resolver reads the run's head, to learn to which life its promise belongs.
    readUnits: 8 + LOOKS,
    fifo: 6,
    bytesMax: 2740,
  },
  "1-minute sleep": {
    handler: 2,
    dispatcher: 2,
    writeUnits: 4,
    readUnits: 2,
    fifo: 6,
    standard: 3,
    bytesMax: 1530,
  },
  "1-hour sleep": {
    handler: 2,
    dispatcher: 2,
    writeUnits: 4,
    readUnits: 2,
    fifo: 6,
    standard: 6,
    schedules: 1,
    bytesMax: 1530,
  },
  "30-day sleep": {
    handler: 2,
    dispatcher: 2,
    writeUnits: 4,
    readUnits: 2,
    fifo: 6,
    standard: 6,
    schedules: 1,
    bytesMax: 1530,
  },
  awakeable: { handler: 2, dispatcher: 2, writeUnits: 4, readUnits: 1, fifo: 6, bytesMax: 1580 },
  "saga, 5 steps, compensates": {
    handler: 1,
    dispatcher: 0,
    writeUnits: 9 + GUARD,
    readUnits: LOOKS,
    fifo: 0,
    bytesMax: 700,
  },
  "fan-out to 100 calls": {
    handler: 102,
    dispatcher: 20,
    // The first replies come while the caller still runs: they do not wait behind its Start any more (R19). So they are noted in its
    // head, of some KB, instead of riding into its next turn: 8 and 4 units.
    writeUnits: 160 + GUARD,
    readUnits: 15.5 + LOOKS,
    fifo: 150,
    bytesMax: 81500,
  },
  "chain of 10 calls": {
    handler: 11,
    dispatcher: 0,
    writeUnits: 21 + GUARD,
    readUnits: LOOKS,
    fifo: 0,
    bytesMax: 8600,
  },
  "one-way send": { handler: 1, dispatcher: 1, writeUnits: 1, readUnits: 0, fifo: 3, bytesMax: 700 },
  "delayed send": {
    handler: 1,
    dispatcher: 1,
    writeUnits: 4,
    readUnits: 2,
    fifo: 3,
    standard: 3,
    bytesMax: 700,
  },
  "idempotent repeat": { handler: 0, dispatcher: 0, writeUnits: 0, readUnits: 0.5, fifo: 0, bytesMax: 0 },
};

test("there is an expectation for each workload", () => {
  expect(Object.keys(EXPECTED)).toEqual(WORKLOADS.map(({ name }) => name));
});

test.each(WORKLOADS)("$name", async (workload) => {
  const account = await Account.open({ services: servicesOf(perdure) });
  const usage = await measureAlone(account, workload, 1);
  const { bytesMax = 0, standard = 0, schedules = 0, ...expected } = EXPECTED[workload.name] ?? {};
  expect({
    handler: usage.handlerInvocations,
    dispatcher: usage.dispatcherInvocations,
    writeUnits: usage.writeUnits,
    readUnits: usage.readUnits,
    fifo: usage.fifoRequests,
    standard: usage.standardRequests,
    schedules: usage.schedules,
  }).toEqual({ ...expected, standard, schedules });
  expect(usage.bytesToHandlers).toBeLessThanOrEqual(bytesMax);
});
