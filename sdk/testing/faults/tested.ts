/** A test that is run many times, and what it is given. */
import { TestEnvironment, type TestEnvironmentOptions } from "../environment.ts";

export interface Tested extends Partial<TestEnvironmentOptions> {}

/** `environment`: only if `services` is given. Otherwise the test starts its own. */
export type FaultyTest<T> = (environment: TestEnvironment) => Promise<T>;

/** Throws `TypeError` if there is no test. */
export function testOf<T>(test: FaultyTest<T>, { services, ...options }: Tested): () => Promise<T> {
  if (typeof test !== "function") throw new TypeError("the test is no function");
  if (services === undefined) return async () => await (test as () => Promise<T>)();
  return async () => {
    await using environment = await TestEnvironment.start({ services, ...options });
    return await test(environment);
  };
}
