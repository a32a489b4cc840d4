/**
 * Tests of the engine count how often handlers run, so theirs are not repeated for the check of `perdure/testing`. Examples, templates and
 * the tests of the kit itself have that check as users have it.
 */
import { expect } from "vitest";

const CHECKED = /[\\/](?:examples|templates|test[\\/]unit[\\/]testing)[\\/]/u;

if (CHECKED.test(expect.getState().testPath ?? "")) delete process.env["PERDURE_DETERMINISM"];
else process.env["PERDURE_DETERMINISM"] = "off";
