import { defineConfig } from "vitest/config";
import { planting } from "./test/mutate/plant-plugin.ts";

// `npm test` runs what is quick. A file named *.long.test.ts is long by nature: it kills processes, waits for real time,
// or talks to an emulator. `npm run test:long` runs those and the templates.
const LONG = "test/**/*.long.test.ts";

// Tests run against the sources: `perdure` resolves to sdk/index.ts, not to dist.
const conditions = ["perdure-source", "node"];

function project(name: string, include: string[], timeoutMs: number, more: { readonly retry?: number } = {}) {
  return {
    extends: true as const,
    test: { name, include, exclude: [LONG], testTimeout: timeoutMs, hookTimeout: timeoutMs, ...more },
  };
}

const planted = planting();

export default defineConfig({
  plugins: planted,
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    pool: "forks",
    maxWorkers: 2,
    // Loading the engine anew for each file takes a third of the time. No file changes what another one sees.
    isolate: false,
    // So what a file has replaced or set is put back before the next one.
    restoreMocks: true,
    unstubEnvs: true,
    // A module that was changed for one run is not for the next one.
    fsModuleCache: planted.length === 0,
    // Concurrent tests mostly wait.
    maxConcurrency: 30,
    execArgv: ["--conditions=perdure-source"],
    setupFiles: ["test/support/engine-tests.ts"],
    projects: [
      project(
        "unit",
        ["test/{unit,property,history}/**/*.test.ts", "{examples,templates}/**/*.test.ts"],
        10_000,
      ),
      project("contract", ["test/contract/**/*.test.ts"], 30_000),
      // Templates: without an account and without a network.
      {
        extends: true as const,
        test: {
          name: "infra",
          include: ["test/infra/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      project("e2e", ["test/e2e/**/*.test.ts"], 60_000),
      {
        extends: true as const,
        test: { name: "long", include: [LONG], isolate: true, testTimeout: 60_000, hookTimeout: 60_000 },
      },
      {
        extends: true,
        test: {
          name: "types",
          typecheck: {
            enabled: true,
            only: true,
            ignoreSourceErrors: true,
            include: ["test/types/**/*.test-d.ts"],
          },
        },
      },
      // Needs a Chromium: `npm run test:browser` finds or installs one.
      // Twice more if it fails, and long: a browser beside other work may stand still for as long as any wait.
      project("browser", ["test/browser/**/*.test.ts"], 120_000, { retry: 2 }),
      // Deploys to an emulator of AWS, which it installs with pip: `npm run test:cloud`.
      project("cloud", ["test/cloud/**/*.test.ts"], 240_000),
      // Needs Python: `npm run test:moto`.
      project("moto", ["test/moto/**/*.test.ts"], 240_000),
      // Runs Restate's published tools, which it installs with npm: `npm run test:restate-cli`.
      project("restate-cli", ["test/restate-cli/**/*.test.ts"], 60_000),
      // Needs Java, and Maven for Kafka's jars: `npm run test:kafka`.
      project("kafka", ["test/kafka/**/*.test.ts"], 240_000),
      // Needs Java; run on its own with `npm run test:dynamodb-local`.
      project("dynamodb-local", ["test/dynamodb-local/**/*.test.ts"], 60_000),
    ],
  },
});
