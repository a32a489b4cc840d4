/**
 * `import "perdure/testing/vitest"`: vitest's `expect` has the matchers of invocations, and knows their types. The types are those of
 * assertions that vitest takes from Chai, since vitest's own have other parameters in each major version.
 */
import { expect } from "vitest";
import { type InvocationMatchers, matchers } from "./matchers/matchers.ts";

declare global {
  namespace Chai {
    interface Assertion extends InvocationMatchers {}
  }
}

expect.extend(matchers);
