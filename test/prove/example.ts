/** An example of examples/, with a test of it that can be run many times. */
import type { TestEnvironment, TestEnvironmentOptions } from "perdure/testing";

export interface Example {
  readonly services: readonly unknown[];
  readonly options?: Pick<TestEnvironmentOptions, "subscriptions">;
  /** What it returns is compared. */
  readonly test: (environment: TestEnvironment) => Promise<unknown>;
  /** `returned`: calls run at once, or something is drawn anew in each attempt. */
  readonly compare?: "returned";
}
