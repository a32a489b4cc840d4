/**
 * `import "perdure/testing/jest"`: Jest's `expect` has the matchers of invocations, and `@types/jest` knows their types. Without Jest's
 * globals, call `expect.extend(matchers)` of `@jest/globals` yourself.
 */
import { type InvocationMatchers, matchers } from "./matchers/matchers.ts";

declare global {
  namespace jest {
    interface Matchers<R, T> extends InvocationMatchers<Promise<R>> {}
  }
}

interface JestExpect {
  extend(own: typeof matchers): void;
}

const { expect } = globalThis as { readonly expect?: JestExpect };
if (!expect) throw new Error("perdure/testing/jest is for tests that Jest runs: there is no global expect");
expect.extend(matchers);
