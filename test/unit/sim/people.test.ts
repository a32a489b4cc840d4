/** 200 seeds of the simulator draw everything that people do, and every limit that it makes small is one of the product's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SMALL } from "../../sim/small-limits.ts";
import type { Operation, Root } from "../../sim/requests.ts";
import { Generator } from "../../sim/workload.ts";

const SEEDS = 200;
const OPERATIONS: readonly Operation[] = [
  ...(["cancel", "kill", "pause", "resume", "restart", "purge", "purge-journal"] as const),
];

test("200 seeds draw every operation, edits, callers at the door, and a mailbox that gives up", () => {
  const drawn = new Set<string>();
  const visit = ({ also = [], outside, door, next, program, idempotencyKey, times }: Root): void => {
    for (const { does, from = 0, deployment } of outside ? [outside, ...also] : also) {
      drawn.add(does);
      if (from > 0) drawn.add("restart from a prefix");
      if (deployment === "other") drawn.add("resume elsewhere");
    }
    if (door) drawn.add("door");
    if (door && idempotencyKey !== undefined && times > 1) drawn.add("door, repeated");
    if (JSON.stringify(program).includes('"cancelled":true')) drawn.add("explicit cancellation");
    if (next) {
      drawn.add("next request");
      visit(next);
    }
  };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { roots, edits = [], receivesMax } = new Generator(seed).workload();
    roots.forEach(visit);
    for (const { versioned } of edits) drawn.add(versioned ? "edit of a version" : "edit");
    if (receivesMax !== undefined) drawn.add("dead letters");
  }
  expect([...drawn].toSorted()).toEqual(
    [
      ...OPERATIONS,
      ...["restart from a prefix", "resume elsewhere", "edit", "edit of a version", "dead letters"],
      ...["door", "door, repeated", "next request", "explicit cancellation"],
    ].toSorted(),
  );
});

test.each(Object.entries(SMALL))("the small limits of %s replace text that is there", (file, changes) => {
  const source = readFileSync(join(import.meta.dirname, "../../..", file), "utf8");
  for (const [find = ""] of changes) expect(source.split(find).length - 1, find).toBe(1);
});
