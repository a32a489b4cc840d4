// perdure init: what it writes, where it writes nothing, and what it asks.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type InitFlags, makeProject } from "../../../cli/init/make.ts";
import { isPackageName, packageNameOf, stackNameOf } from "../../../cli/init/names.ts";
import { execCommand, packageManagerOf, runCommand } from "../../../cli/init/package-manager.ts";
import { TEMPLATES } from "../../../cli/init/templates.ts";
import { DEBUGGER_PORT } from "../../../cli/dev-settings.ts";
import { VERSIONS } from "../../../cli/init/versions.ts";
import { PACKAGE_VERSION } from "../../../lib/version.ts";

const ROOT = join(import.meta.dirname, "../../..");
const json = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;

let cwd: string;
let said: string[];
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "perdure-init-"));
  said = [];
});
afterEach(() => rmSync(cwd, { recursive: true }));

const make = async (flags: InitFlags, typed?: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
  await makeProject(
    { install: false, ...flags },
    {
      ...{ cwd, environment, say: (line: string) => void said.push(line) },
      ...(typed ? { terminal: terminalThatTypes(typed) } : {}),
    },
  );

let asked = "";
/** Answers each question when it is there. After the last answer the input ends. */
function terminalThatTypes(answers: readonly string[]) {
  const left = [...answers];
  const [input, output] = [new PassThrough(), new PassThrough()];
  asked = "";
  output.on("data", (text: Buffer) => {
    asked += text.toString();
    if (!asked.endsWith(") ")) return;
    const answer = left.shift();
    if (answer === undefined) input.end();
    else input.write(`${answer}\n`);
  });
  return { input, output };
}

const written = (folder = "."): string[] =>
  readdirSync(join(cwd, folder), { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(cwd, folder).length + 1))
    .toSorted();

const COMMON = [
  ...[".gitignore", ".oxlintrc.json", ".vscode/launch.json", "AGENTS.md", "README.md"],
  ...["package.json", "src/services.ts", "test/services.test.ts", "tsconfig.json"],
];
const CDK = ["cdk.json", "infra/app.ts"];

describe("a project", () => {
  test.each(TEMPLATES.map(({ name }) => name))(
    "of %s has its files, with every mark filled",
    async (template) => {
      await make({ folder: "shop", template, yes: true });
      expect(written("shop")).toEqual(expect.arrayContaining([...COMMON, ...CDK]));
      for (const file of written("shop")) {
        const text = readFileSync(join(cwd, "shop", file), "utf8");
        expect(text, file).not.toMatch(/\{\{|<!-- /u);
        if (file.endsWith(".json")) expect(() => JSON.parse(text) as unknown, file).not.toThrow();
      }
      expect(readFileSync(join(cwd, "shop/infra/app.ts"), "utf8")).toContain('"Shop"');
    },
  );

  test("installs this version, what its template needs, and the tools", async () => {
    await make({ folder: "shop", template: "order", yes: true });
    const manifest = json<Record<string, unknown>>(join(cwd, "shop/package.json"));
    expect(manifest).toMatchObject({
      ...{ name: "shop", private: true, type: "module" },
      dependencies: { perdure: `^${PACKAGE_VERSION}`, zod: `^${VERSIONS.zod}` },
    });
    expect(Object.keys(manifest["devDependencies"] as object)).toContain("aws-cdk-lib");
  });

  test("without a CDK app names none", async () => {
    await make({ folder: "shop", cdk: false, yes: true });
    expect(written("shop")).toEqual(COMMON);
    for (const file of COMMON)
      expect(readFileSync(join(cwd, "shop", file), "utf8"), file).not.toMatch(/\bsynth|infra\//u);
  });

  test("is made in the current folder if that is empty", async () => {
    mkdirSync(join(cwd, ".git"));
    await make({});
    expect(written()).toEqual(expect.arrayContaining(COMMON));
    expect(said.join("\n")).not.toContain("cd ");
  });

  test("names a file that is installed as perdure by its place", async () => {
    writeFileSync(join(cwd, "p.tgz"), "");
    await make({ folder: "shop", perdure: "p.tgz", yes: true });
    const { dependencies } = json<{ dependencies: object }>(join(cwd, "shop/package.json"));
    expect(dependencies).toMatchObject({ perdure: `file:${join(cwd, "p.tgz")}` });
  });

  test.each([
    ["pnpm/10.1.0 npm/? node/v24.0.0", ["pnpm install", "pnpm dev"]],
    ["yarn/4.9.0 npm/? node/v24.0.0", ["yarn install", "yarn dev"]],
    ["bun/1.2.0 npm/? node/v24.0.0", ["bun install", "bun run dev"]],
    ["npm/11.0.0 node/v24.0.0", ["npm install", "npm run dev"]],
  ])("says what to do with %s", async (agent, commands) => {
    await make({ folder: "shop", yes: true }, undefined, { npm_config_user_agent: agent });
    for (const command of commands) expect(said).toContain(`  ${command}`);
    expect(readFileSync(join(cwd, "shop/README.md"), "utf8")).toContain(commands[1]);
  });
});

describe("nothing is written", () => {
  test("into a folder that has files, and some are named", async () => {
    for (const name of ["f", "e", "d", "c", "b", "a", ".git"]) writeFileSync(join(cwd, name), "");
    await expect(make({ yes: true, folder: "." })).rejects.toThrow(
      `${cwd} is not empty: it has a, b, c, d, e and 1 more`,
    );
    await expect(make({})).rejects.toThrow("is not empty");
    expect(written()).toHaveLength(7);
  });

  test.each<[InitFlags, string]>([
    [
      { template: "ordr" },
      'there is no template "ordr". There are greeter, order, agent, empty. Did you mean "order"?',
    ],
    [{ packageManager: "pnmp" }, 'Did you mean "pnpm"?'],
    [{ name: "My App" }, "npm takes lower case letters"],
    [{ folder: "file" }, "is a file. Name a folder."],
  ])("for %j", async (flags, message) => {
    writeFileSync(join(cwd, "file"), "");
    await expect(make({ folder: "shop", yes: true, ...flags })).rejects.toThrow(message);
    expect(written()).toEqual(["file"]);
  });

  test("if the input ends before the last answer", async () => {
    await expect(make({}, ["shop", "2"])).rejects.toThrow("nothing was made");
    expect(written()).toEqual([]);
  });
});

describe("on a terminal", () => {
  test("it asks for what was not said, and takes an empty answer for the default", async () => {
    await make({}, ["shop", "", "perhaps", "no"]);
    expect(written("shop")).toEqual(COMMON);
    expect(asked).toContain("Folder? (.)");
    expect(asked).toContain("Which template? (greeter)");
    expect(asked).toContain('Say yes or no, not "perhaps".');
  });

  test("a template is chosen by its number or its name", async () => {
    await make({ folder: "one", cdk: false }, ["2"]);
    await make({ folder: "two", cdk: false }, ["ordre", "order"]);
    expect(asked).toContain('Did you mean "order"?');
    for (const folder of ["one", "two"]) expect(written(folder)).toContain("src/systems.ts");
  });

  test("it says that a folder has files before it asks more", async () => {
    writeFileSync(join(cwd, "a"), "");
    await expect(make({}, ["."])).rejects.toThrow("is not empty: it has a");
    expect(asked).not.toContain("template");
  });
});

describe("names", () => {
  test.each([
    ["shop", "shop"],
    ["My Ünï App", "my-uni-app"],
    [".hidden_", "hidden"],
    ["日本", "my-app"],
    ["node_modules", "my-app"],
    ["perdure", "perdure-app"],
    ["a".repeat(300), "a".repeat(214)],
  ])("a folder %j becomes a package npm takes", (folder, name) => {
    expect(packageNameOf(folder, ["perdure"])).toBe(name);
    expect(isPackageName(name)).toBe(true);
  });

  test.each([
    ["shop", "Shop"],
    ["my-uni_app", "MyUniApp"],
    ["@me/shop", "MeShop"],
    ["2fast", "App2fast"],
    ["~", "App"],
  ])("a package %j becomes a stack", (name, stack) => {
    expect(stackNameOf(name)).toBe(stack);
  });
});

test("the editor's settings attach to the port that perdure dev --inspect opens", async () => {
  await make({ folder: "shop", yes: true });
  const { configurations } = json<{ configurations: { port?: number; command?: string }[] }>(
    join(cwd, "shop/.vscode/launch.json"),
  );
  expect(configurations.map((each) => each.port ?? each.command)).toEqual([
    DEBUGGER_PORT,
    "npm run dev -- --inspect",
  ]);
});

test("package managers are recognised, and each is told in its way", () => {
  expect(packageManagerOf({})).toBe("npm");
  expect(runCommand("npm", "test")).toBe("npm test");
  expect(execCommand("pnpm", "cdk")).toBe("pnpm exec cdk");
});

test("the versions are those of this repository", () => {
  const { devDependencies } = json<{ devDependencies: Record<string, string> }>(join(ROOT, "package.json"));
  for (const [name, version] of Object.entries(VERSIONS)) expect(devDependencies[name], name).toBe(version);
  expect(json(join(ROOT, "create-perdure/package.json"))).toMatchObject({ version: PACKAGE_VERSION });
});
