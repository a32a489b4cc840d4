/** The last line of `npm run test:cloud`: how many passed, failed and were skipped, and why those were. */
import type { TestModule } from "vitest/node";

export default class SummaryReporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const reasons: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        const state = result.state === "pending" ? "failed" : result.state;
        counts[state]++;
        const note = result.state === "skipped" ? result.note : undefined;
        if (state === "skipped")
          reasons.push(`  skipped: ${test.fullName}: ${note ?? "no reason was given"}`);
      }
      if (module.errors().length > 0) counts.failed++;
    }
    for (const reason of reasons) console.log(reason);
    console.log(`cloud: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}
