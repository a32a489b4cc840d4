/**
 * Tests of the engine count how often handlers run, so theirs are not repeated for the check of `perdure/testing`. Examples, templates,
 * the blocks of the documents and the tests of the kit itself have that check as users have it.
 */
import { expect } from "vitest";

const CHECKED = /[\\/](?:examples|templates|test[\\/]unit[\\/]testing)[\\/]|code-blocks\.test\.ts$/u;

if (CHECKED.test(expect.getState().testPath ?? "")) delete process.env["PERDURE_DETERMINISM"];
else process.env["PERDURE_DETERMINISM"] = "off";
