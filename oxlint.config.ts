import { defineConfig } from "oxlint";

// Which folder may import which: see `boundaries`. Examples are imported by nobody, test and bench by each other: the guards
// count the workloads that bench prices.
// oxlint ignores a regular expression it cannot parse, and lookahead is one it cannot.
const sources = ["lib", "sdk", "runtime", "infra", "cli", "ui"];
const folders = [...sources, "scripts", "examples", "bench", "test"];

interface Boundary {
  readonly files: string[];
  /** Top-level folders that may be imported. */
  readonly folders: readonly string[];
  /** Packages that may be imported, as gitignore patterns; without it, any may. */
  readonly packages?: readonly string[];
  /** Packages that may not be, as gitignore patterns. */
  readonly notPackages?: readonly string[];
}

const notAws = ["@aws-sdk/*", "perdure", "perdure/*"];

// The last entry that matches a file wins, so the exceptions follow their folder.
const boundaries: readonly Boundary[] = [
  { files: ["lib/**"], folders: ["lib"], packages: [] },
  { files: ["lib/hash.ts", "lib/entropy.ts"], folders: ["lib"], packages: ["node:crypto"] },
  { files: ["lib/clock.ts"], folders: ["lib"], packages: ["node:timers"] },
  { files: ["lib/aws/**"], folders: ["lib"], packages: ["node:*", "node:*/*", "@aws-sdk/*"] },
  { files: ["sdk/**"], folders: ["sdk", "lib"], notPackages: notAws },
  {
    files: ["sdk/testing*.ts", "sdk/serve/*.ts"],
    folders: ["sdk", "lib", "runtime"],
    notPackages: notAws,
  },
  { files: ["runtime/**"], folders: ["runtime", "lib"], notPackages: notAws },
  { files: ["runtime/aws/**"], folders: ["runtime", "lib"], packages: ["node:*", "node:*/*", "@aws-sdk/*"] },
  { files: ["runtime/dev/**"], folders: ["runtime", "lib", "sdk"], notPackages: notAws },
  { files: ["infra/**"], folders: ["infra", "lib"], notPackages: notAws },
  { files: ["cli/**"], folders: ["cli", "sdk", "lib", "runtime/dev"], notPackages: notAws },
  { files: ["ui/**"], folders: ["ui", "lib"], packages: [] },
  { files: ["scripts/**"], folders: ["scripts"], packages: ["node:*", "node:*/*"] },
  { files: ["examples/**"], folders: ["examples"] },
  { files: ["bench/**"], folders: [...sources, "scripts", "bench", "test"] },
  { files: ["test/**"], folders: [...sources, "scripts", "bench", "test"] },
];

function boundaryOverride(boundary: Boundary) {
  const refused = folders
    .filter((folder) => !boundary.folders.includes(folder))
    // `runtime/dev` alone may be imported where `runtime` is not: refuse what does not start with "dev/".
    .map((folder) =>
      boundary.folders.includes(`${folder}/dev`) ? `${folder}/([^d]|d[^e]|de[^v]|dev[^/])` : `${folder}/`,
    );
  const packages = boundary.packages
    ? ["*", "!./**", "!../**", ...boundary.packages.map((name) => `!${name}`)]
    : (boundary.notPackages ?? []);
  const patterns: object[] = [
    {
      regex: `^(\\.\\./)+(${refused.join("|")})`,
      message: `Of the top-level folders, this file may import only ${boundary.folders.join(", ")}.`,
    },
  ];
  if (packages.length > 0) patterns.push({ group: packages, message: "Not a package for this folder." });
  const rule: ["error", object] = ["error", { patterns }];
  return { files: boundary.files, rules: { "no-restricted-imports": rule } };
}

const impureGlobals = ["Date", "performance", "process", "crypto", "globalThis", "fetch", "console"];
const timerGlobals = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"];

export default defineConfig({
  plugins: ["eslint", "typescript", "oxc", "import", "unicorn", "promise", "node"],
  categories: { correctness: "error", suspicious: "error" },
  options: { reportUnusedDisableDirectives: "error" },
  ignorePatterns: ["dist/", "coverage/"],
  rules: {
    "import/no-cycle": "error",
    "typescript/consistent-type-imports": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/no-non-null-assertion": "error",
    // A `default` branch is where a new variant is lost, so it does not count as exhaustive.
    "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: false }],

    "max-lines": ["error", { max: 400 }],
    "max-lines-per-function": ["error", { max: 70, skipBlankLines: true, skipComments: true }],
    complexity: ["error", { max: 14 }],

    // tsc's noImplicitReturns says the same with fewer false alarms.
    "typescript/consistent-return": "off",
    // Branded types and parsing at the border both need a narrowing assertion.
    "typescript/no-unsafe-type-assertion": "off",
    // A type parameter used once is how a caller names the result, as in `state.get<Cart>("cart")`.
    "typescript/no-unnecessary-type-parameters": "off",
    // `fc.integer()` is how fast-check is meant to be read.
    "import/no-named-as-default-member": "off",
    // Long lists are written in groups, one spread array a line.
    "unicorn/no-useless-spread": "off",
    "unicorn/consistent-function-scoping": "off",
    "promise/always-return": "off",
  },
  overrides: [
    {
      files: ["lib/**"],
      rules: {
        "no-restricted-globals": ["error", ...impureGlobals, ...timerGlobals],
        "no-restricted-properties": ["error", { object: "Math", property: "random" }],
      },
    },
    // What a handler's cold start loads of AWS: adapters, with I/O. And the real clock.
    {
      files: ["lib/aws/**", "lib/clock.ts"],
      rules: { "no-restricted-globals": "off", "no-restricted-properties": "off" },
    },
    {
      files: ["test/**", "**/*.test.ts"],
      rules: {
        "max-lines": ["error", { max: 600 }],
        "max-lines-per-function": ["error", { max: 150, skipBlankLines: true, skipComments: true }],
      },
    },
    // A construct is made for its place in the tree.
    // The names of a contract's fields are Restate's.
    {
      files: ["sdk/interface.ts", "sdk/turn/calling-context.ts", "sdk/client/*.ts"],
      rules: { "no-underscore-dangle": "off" },
    },
    { files: ["infra/**", "test/infra/**", "test/cloud/app.ts"], rules: { "no-new": "off" } },
    ...boundaries.map(boundaryOverride),
  ],
});
