import { defineConfig } from "oxlint";

// Which room may import which: see `boundaries`. In one line: lib <- sdk, lib <- runtime; the rooms of runtime do not import each
// other; both sides meet in runtime/dev, sdk/testing and sdk/serve; lambda.ts alone loads AWS; infra names files by path.
// Nobody imports examples but test/prove, which crashes them. Test and bench import each other: the guards count the workloads that bench prices.
// test/unit/imports.test.ts shows that each rule can fail. oxlint ignores a regular expression that it cannot parse, and it
// cannot parse lookahead.
const sources = ["lib", "sdk", "runtime", "infra", "cli", "ui"];
const folders = [...sources, "scripts", "examples", "bench", "test"];

/** Rooms of the runtime. What two of them share lies below both. */
const rooms = ["admin", "dispatcher", "ingress", "reconciler", "registrar", "timers"].map(
  (room) => `runtime/${room}`,
);
/** What lies below the rooms. */
const shared = ["http", "local", "deployments", "query", "events"].map((folder) => `runtime/${folder}`);
const aws = ["lib/aws", "runtime/aws"];

interface Boundary {
  readonly files: readonly string[];
  /** Top-level folders that may be imported. */
  readonly folders: readonly string[];
  /** Rooms of these folders that may not be. */
  readonly except?: readonly string[];
  /** Packages that may be imported, as gitignore patterns; without it, any may. */
  readonly packages?: readonly string[];
  /** Packages that may not be, as gitignore patterns. */
  readonly notPackages?: readonly string[];
}

const notAws = ["@aws-sdk/*", "perdure", "perdure/*"];
const node = ["node:*", "node:*/*"];
const others = (all: readonly string[], own: string): string[] => all.filter((room) => room !== own);

// The last entry that matches a file wins, so the exceptions follow their folder.
const boundaries: readonly Boundary[] = [
  { files: ["lib/**"], folders: ["lib"], except: ["lib/aws"], packages: [] },
  { files: ["lib/*.ts"], folders: ["lib"], except: ["lib/turn", "lib/store", "lib/aws"], packages: [] },
  {
    files: ["lib/hash.ts", "lib/entropy.ts"],
    folders: ["lib"],
    except: ["lib/turn", "lib/store", "lib/aws"],
    packages: ["node:crypto"],
  },
  {
    files: ["lib/clock.ts"],
    folders: ["lib"],
    except: ["lib/turn", "lib/store", "lib/aws"],
    packages: ["node:timers"],
  },
  { files: ["lib/model/**"], folders: ["lib"], except: ["lib/turn", "lib/store", "lib/aws"], packages: [] },
  { files: ["lib/turn/**"], folders: ["lib"], except: ["lib/store", "lib/aws"], packages: [] },
  { files: ["lib/aws/**"], folders: ["lib"], except: ["lib/turn"], packages: [...node, "@aws-sdk/*"] },

  { files: ["sdk/**"], folders: ["sdk", "lib"], except: ["lib/aws"], notPackages: notAws },
  { files: ["sdk/**/lambda.ts", "sdk/client/aws.ts"], folders: ["sdk", "lib"], notPackages: notAws },
  {
    files: ["sdk/serve/**"],
    folders: ["sdk", "lib", "runtime"],
    except: [...aws, ...rooms, ...shared],
    notPackages: notAws,
  },
  { files: ["sdk/testing/**"], folders: ["sdk", "lib", "runtime"], except: aws, notPackages: notAws },

  {
    files: ["runtime/**"],
    folders: ["runtime", "lib"],
    except: [...aws, ...rooms, "runtime/dev"],
    notPackages: notAws,
  },
  ...rooms.flatMap((room): Boundary[] => {
    const except = [...others(rooms, room), "runtime/dev", "runtime/local"];
    return [
      {
        files: [`${room}/**`],
        folders: ["runtime", "lib"],
        except: [...except, ...aws],
        notPackages: notAws,
      },
      { files: [`${room}/lambda.ts`], folders: ["runtime", "lib"], except, notPackages: notAws },
    ];
  }),
  {
    files: ["runtime/events/lambda.ts"],
    folders: ["runtime", "lib"],
    except: [...rooms, "runtime/dev", "runtime/local"],
    notPackages: notAws,
  },
  {
    files: ["runtime/aws/**"],
    folders: ["runtime", "lib"],
    except: [...rooms, "runtime/dev", ...shared],
    packages: [...node, "@aws-sdk/*"],
  },
  { files: ["runtime/dev/**"], folders: ["runtime", "lib", "sdk"], except: aws, notPackages: notAws },

  { files: ["infra/**"], folders: ["infra", "lib"], except: ["lib/aws"], notPackages: notAws },
  {
    files: ["cli/**"],
    folders: ["cli", "sdk", "lib", "runtime"],
    except: [...aws, ...rooms, ...shared],
    notPackages: notAws,
  },
  // They ask AWS itself, with the user's credentials. Commands load them when they are needed.
  {
    files: ["cli/aws/**", "cli/verify-aws/**"],
    folders: ["cli", "lib"],
    except: ["lib/turn", "lib/store", "runtime"],
    packages: [...node, "@aws-sdk/*", "@smithy/core/*"],
  },
  // Its CDK app, and the handlers that the app deploys.
  {
    files: ["cli/verify-aws/stack/**"],
    folders: ["cli", "sdk", "infra", "lib"],
    except: ["lib/aws"],
    notPackages: notAws,
  },
  {
    files: ["ui/**"],
    folders: ["ui", "lib"],
    except: ["lib/aws"],
    packages: ["preact", "preact/hooks", "preact-iso"],
  },
  { files: ["scripts/**"], folders: ["scripts"], packages: [...node, "esbuild"] },
  {
    files: ["scripts/docs/**"],
    folders: ["scripts", "cli", "lib"],
    packages: [
      ...node,
      "beautiful-mermaid",
      "esbuild",
      "typedoc",
      "vitepress",
      "@commander-js/extra-typings",
    ],
  },
  { files: ["examples/**"], folders: ["examples"] },
  { files: ["examples/support/**"], folders: ["examples", "scripts"] },
  { files: ["bench/**"], folders: [...sources, "scripts", "bench", "test"] },
  { files: ["test/**"], folders: [...sources, "scripts", "bench", "test"] },
  { files: ["test/prove/examples/**"], folders: ["test", "examples"] },
];

/** Matches how a file below `top` names a file of `room`. */
function specifierOf(room: string, top: string | undefined): string {
  const [folder, ...rest] = room.split("/");
  return folder === top && rest.length > 0 ? `^(\\./|(\\.\\./)+)${rest.join("/")}/` : `^(\\.\\./)+${room}/`;
}

function boundaryOverride(boundary: Boundary) {
  const top = boundary.files[0]?.split("/")[0];
  const refused = [
    ...folders.filter((folder) => !boundary.folders.includes(folder)),
    ...(boundary.except ?? []),
  ];
  const packages = boundary.packages
    ? ["*", "!./**", "!../**", ...boundary.packages.map((name) => `!${name}`)]
    : (boundary.notPackages ?? []);
  const patterns: object[] = refused.map((room) => ({
    regex: specifierOf(room, top),
    message: `${boundary.files.join(", ")} may not import ${room}: see oxlint.config.ts.`,
  }));
  if (packages.length > 0) patterns.push({ group: packages, message: "Not a package for this folder." });
  const rule: ["error", object] = ["error", { patterns }];
  return { files: [...boundary.files], rules: { "no-restricted-imports": rule } };
}

const impureGlobals = ["Date", "performance", "process", "crypto", "globalThis", "fetch", "console"];
const timerGlobals = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"];

export default defineConfig({
  plugins: ["eslint", "typescript", "oxc", "import", "unicorn", "promise", "node", "react", "jsx-a11y"],
  categories: { correctness: "error", suspicious: "error" },
  options: { reportUnusedDisableDirectives: "error" },
  ignorePatterns: ["dist/", "coverage/"],
  rules: {
    // Imports of types count: a reader has to follow them, too.
    "import/no-cycle": ["error", { ignoreTypes: false }],
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
    // One class each, whose parts share most of its fields; the head's table of attributes must stand in one file.
    {
      files: ["lib/model/head.ts", "lib/turn/turn-machine.ts", "sdk/turn/turn-driver.ts"],
      rules: { "max-lines": ["error", { max: 450 }] },
    },
    // What a handler's cold start loads of AWS: adapters, with I/O. And the real clock.
    {
      files: ["lib/aws/**", "lib/clock.ts"],
      rules: { "no-restricted-globals": "off", "no-restricted-properties": "off" },
    },
    { files: ["cli/verify-aws/stack/app.ts"], rules: { "no-new": "off" } },
    {
      files: ["test/**", "**/*.test.ts"],
      rules: {
        "max-lines": ["error", { max: 600 }],
        "max-lines-per-function": ["error", { max: 150, skipBlankLines: true, skipComments: true }],
      },
    },
    // What is planted there is what the rule is about.
    {
      files: ["test/prove/corpus/each-is-not-awaited.ts"],
      rules: { "typescript/no-misused-promises": "off" },
    },
    // Preact has its own names: `class` is an attribute of its own, and JSX needs no import. There is no React compiler.
    {
      files: ["ui/**"],
      rules: {
        ...{ "react/react-in-jsx-scope": "off", "react/no-unknown-property": "off" },
        ...{ "react/immutability": "off", "react/purity": "off", "react/capitalized-calls": "off" },
        "jsx-a11y/prefer-tag-over-role": "off",
      },
    },
    // The names of a contract's fields are Restate's.
    {
      files: ["sdk/interface.ts", "sdk/turn/calling-context.ts", "sdk/client/*.ts", "sdk/testing/stubs.ts"],
      rules: { "no-underscore-dangle": "off" },
    },
    // A construct is made for its place in the tree.
    {
      files: ["infra/**", "templates/**", "test/infra/**", "test/cloud/*app.ts"],
      rules: { "no-new": "off" },
    },
    ...boundaries.map(boundaryOverride),
  ],
});
