import { describe } from "vitest";
import { clockOf, systemClock, systemStopwatch } from "../../lib/clock.ts";
import { JumpingClock } from "../../lib/jumping-clock.ts";
import { SkippingClock } from "../../runtime/local/skipping-clock.ts";
import { clockSuite } from "./clock-suite.ts";

describe("the system's clock", () => clockSuite(() => systemClock));
describe("the system's stopwatch", () => clockSuite(() => systemStopwatch));
describe("a clock whose pieces are so short that every wait has several", () => clockSuite(() => clockOf(4)));
describe("the clock of a development server", () => clockSuite(() => new JumpingClock()));
describe("the clock of perdure/testing", () => clockSuite(() => new SkippingClock()));
