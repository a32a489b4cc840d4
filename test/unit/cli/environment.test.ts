// Which server a command talks to, and the file of `perdure env`.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Cli, type GlobalOptions } from "../../../cli/cli.ts";
import {
  changeUserFile,
  looksLikeProduction,
  readConfig,
  userFile,
} from "../../../cli/environment/config.ts";
import {
  addEnvironment,
  listEnvironments,
  removeEnvironment,
  showEnvironment,
  useEnvironment,
} from "../../../cli/environment/edit.ts";
import { chosenEnvironment, choose, type EnvironmentChoice } from "../../../cli/environment/environment.ts";
import { EXIT } from "../../../cli/exit.ts";
import { Output } from "../../../cli/output.ts";
import { fakeStreams } from "./streams.ts";

let folder: string;
let variables: Record<string, string>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "perdure-env-"));
  mkdirSync(join(folder, "project", ".git"), { recursive: true });
  variables = { XDG_CONFIG_HOME: join(folder, "config") };
  for (const name of ["PERDURE_ADMIN_URL", "PERDURE_ENV", "PERDURE_STACK", "PERDURE_INGRESS_URL"])
    vi.stubEnv(name, "");
  vi.stubEnv("XDG_CONFIG_HOME", join(folder, "config"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const project = (): string => join(folder, "project");
const at = (choice: EnvironmentChoice = {}, more: Record<string, string> = {}) =>
  choose(choice, { ...variables, ...more }, project());
const inUserFile = (value: unknown): void => {
  mkdirSync(join(folder, "config", "perdure"), { recursive: true });
  writeFileSync(userFile(variables), typeof value === "string" ? value : JSON.stringify(value));
};
const inProject = (value: unknown): void =>
  writeFileSync(join(project(), "perdure.json"), JSON.stringify(value));
const PROD = { stack: "Orders", region: "eu-west-1", profile: "ops" };

describe("a server is found", () => {
  test("on this machine, if nothing names another", () => {
    expect(at()).toMatchObject({
      name: "local",
      chosenBy: "default",
      entry: { url: "http://127.0.0.1:9070" },
    });
  });

  test("by the command line, then a variable, then `perdure env use`", () => {
    inUserFile({ current: "prod", environments: { prod: PROD, other: { url: "http://other" } } });
    expect(at()).toMatchObject({ name: "prod", chosenBy: "`perdure env use`", entry: PROD });
    const variable = { PERDURE_ENV: "other" };
    expect(at({}, variable)).toMatchObject({ name: "other", chosenBy: "$PERDURE_ENV" });
    expect(at({ stack: "Mine" }, variable)).toMatchObject({ chosenBy: "--stack", entry: { stack: "Mine" } });
    expect(at({ url: "http://x:1" }, variable)).toMatchObject({ name: "x:1", entry: { url: "http://x:1" } });
    expect(at({ env: "local" }, variable)).toMatchObject({ name: "local", chosenBy: "--env" });
  });

  test("and the command line's region and profile go before an environment's own", () => {
    inUserFile({ environments: { prod: PROD } });
    const { entry } = at({ env: "prod", region: "us-east-1", ingressUrl: "http://i" });
    expect(entry).toEqual({ ...PROD, region: "us-east-1", ingressUrl: "http://i" });
  });

  test("with the ingress of a variable only where the variable of the admin API counts", () => {
    const variable = { PERDURE_INGRESS_URL: "http://i" };
    expect(at({}, variable).entry.ingressUrl).toBe("http://i");
    expect(at({ url: "http://other" }, variable).entry.ingressUrl).toBeUndefined();
  });

  test.each<[EnvironmentChoice, Record<string, string>, string]>([
    [{ url: "http://x", stack: "S" }, {}, "--url and --stack name two servers"],
    [{ env: "a", stack: "S" }, {}, "--env and --stack name two servers"],
    [
      {},
      { PERDURE_ENV: "a", PERDURE_ADMIN_URL: "http://x" },
      "$PERDURE_ADMIN_URL and $PERDURE_ENV name two servers",
    ],
  ])("%j with %j is refused", (choice, more, message) => {
    expect(() => at(choice, more)).toThrow(message);
  });

  test("a region for a server that is not in AWS is refused", async () => {
    const chosen = chosenEnvironment({ url: "http://x", region: "eu-west-1" }, variables, project());
    await expect(chosen).rejects.toThrow("--region is for --stack");
  });

  test("a name that is not known is an error that lists those that are", () => {
    inUserFile({ environments: { prod: PROD } });
    inProject({ environments: { staging: { stack: "Orders-staging" } } });
    let thrown: unknown;
    try {
      at({ env: "prd" });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      message: 'there is no environment "prd" (--env). Did you mean "prod"?',
      advice: expect.stringContaining("Known: local, prod, staging") as unknown,
    });
    // That of a variable and that of `perdure env use` are not passed over either.
    expect(() => at({}, { PERDURE_ENV: "nope" })).toThrow('"nope" ($PERDURE_ENV)');
    inUserFile({ current: "gone", environments: {} });
    expect(() => at()).toThrow('"gone" (`perdure env use`)');
  });

  test("headers take their secrets from variables, and say which one is missing", () => {
    inUserFile({ environments: { st: { url: "https://a", headers: { Authorization: "Bearer ${TOKEN}" } } } });
    expect(at({ env: "st" }, { TOKEN: "t0" }).headers()).toEqual({ authorization: "Bearer t0" });
    const { headers } = at({ env: "st" });
    expect(headers).toThrow("needs the variable TOKEN");
  });
});

describe("the files", () => {
  test("a project's is found from below, and of two with one name the user's counts", () => {
    inUserFile({ environments: { prod: PROD } });
    inProject({ environments: { prod: { stack: "Theirs" }, test: { url: "http://t" } } });
    const deep = join(project(), "src", "deep");
    mkdirSync(deep, { recursive: true });
    const { environments } = readConfig(variables, deep);
    expect(environments.get("prod")?.entry).toEqual(PROD);
    expect(environments.get("test")).toMatchObject({ file: join(project(), "perdure.json") });
  });

  test("one above the repository is not the project's", () => {
    writeFileSync(join(folder, "perdure.json"), JSON.stringify({ environments: { x: { url: "http://x" } } }));
    expect([...readConfig(variables, project()).environments.keys()]).toEqual([]);
  });

  test.each([
    ["headers", { a: "b" }],
    ["profile", "p"],
    ["endpoint", "http://e"],
  ])("a project's has no %s: it may be anybody's", (field, value) => {
    inProject({ environments: { x: { stack: "S", [field]: value } } });
    expect(() => at()).toThrow(`has "${field}", which only your own file may have`);
  });

  test.each<[unknown, string]>([
    ["{", "no JSON object"],
    ["[]", "no JSON object"],
    [{ environments: [] }, '"environments" is not an object'],
    [{ environments: { a: 1 } }, 'the environment "a" is not an object'],
    [{ environments: { "a b": PROD } }, 'the environment "a b" cannot have this name'],
    [{ environments: { local: PROD } }, 'the environment "local" cannot have this name'],
    [{ environments: { a: { stak: "S" } } }, 'has an unknown field "stak"'],
    [{ environments: { a: { stack: 1 } } }, '"stack" of the environment "a" is not a text'],
    [{ environments: { a: {} } }, 'needs either "stack" or "url"'],
    [{ environments: { a: { stack: "S", url: "u" } } }, 'needs either "stack" or "url"'],
    [
      { environments: { a: { url: "u", headers: { x: 1 } } } },
      '"headers" of the environment "a" are not texts',
    ],
  ])("%j is not passed over", (value, message) => {
    inUserFile(value);
    expect(() => at()).toThrow(message);
  });

  test("the user's is the user's alone, and a change leaves the rest of it", () => {
    changeUserFile(variables, (environments) => void (environments["a"] = { url: "http://a" }));
    changeUserFile(variables, (environments) => {
      environments["b"] = PROD;
      return "b";
    });
    const file = userFile(variables);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(file, "..")).mode & 0o777).toBe(0o700);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({
      current: "b",
      environments: { a: { url: "http://a" }, b: PROD },
    });
  });
});

describe("perdure env", () => {
  const cliOf = (options: GlobalOptions = {}) => {
    const streams = fakeStreams();
    const format = options.json === true ? ("json" as const) : ("text" as const);
    const out = new Output(
      { ...{ format, quiet: false, verbose: false, wide: false }, timeFormat: "human" },
      streams,
    );
    return { cli: new Cli(options, out), text: () => streams.text() };
  };

  test("add, use, list, show and remove", async () => {
    addEnvironment(cliOf({ stack: "Orders", region: "eu-west-1" }).cli, "prod", { headers: [] });
    useEnvironment(cliOf().cli, "prod");
    const listed = cliOf({ json: true });
    await listEnvironments(listed.cli);
    const file = userFile(variables);
    expect(JSON.parse(listed.text().stdout)).toEqual([
      { name: "local", current: false, url: "http://127.0.0.1:9070", file: null },
      { name: "prod", current: true, stack: "Orders", region: "eu-west-1", file },
    ]);
    const shown = cliOf();
    await showEnvironment(shown.cli);
    expect(shown.text().stdout).toContain("chosen by  `perdure env use`");
    removeEnvironment(cliOf().cli, "prod");
    const left = cliOf();
    await listEnvironments(left.cli);
    expect(left.text().stdout).toMatch(/^\* {2}local/mu);
  });

  test("writes no secret", () => {
    const { cli } = cliOf({ url: "https://a" });
    expect(() => addEnvironment(cli, "st", { headers: ["Authorization=Bearer abc"] })).toThrow(
      "looks like a secret",
    );
    addEnvironment(cli, "st", { headers: ["Authorization=Bearer ${TOKEN}", "x-team=orders"] });
    expect(readConfig(variables, project()).environments.get("st")?.entry.headers).toEqual({
      authorization: "Bearer ${TOKEN}",
      "x-team": "orders",
    });
  });

  test("says whether it is production; if not, the name does", async () => {
    addEnvironment(cliOf({ url: "https://a" }).cli, "main", { headers: [], production: true });
    addEnvironment(cliOf({ url: "https://b" }).cli, "prod-copy", { headers: [], production: false });
    addEnvironment(cliOf({ url: "https://c" }).cli, "eu-prod", { headers: [] });
    const isProduction = async (env: string): Promise<boolean> =>
      (await chosenEnvironment({ env }, variables, project())).isProduction;
    expect(await Promise.all(["main", "prod-copy", "eu-prod", "local"].map(isProduction))).toEqual([
      ...[true, false, true, false],
    ]);
    inUserFile({ environments: { a: { url: "https://a", production: "yes" } } });
    expect(() => readConfig(variables, project())).toThrow("neither true nor false");
  });

  test.each([
    ...(["prod", "Prod", "OrdersProd", "ProdOrders", "orders-production", "PROD_EU"] as const).map(
      (name) => [name, true] as const,
    ),
    ...(["Products", "reproduce", "preprod", "non-prod", "staging", "Productivity"] as const).map(
      (name) => [name, false] as const,
    ),
  ])("%s looks like production: %s", (name, is) => {
    expect(looksLikeProduction(name)).toBe(is);
  });

  test.each<[string, GlobalOptions, string]>([
    ["local", { stack: "S" }, "is this machine"],
    ["a b", { stack: "S" }, "cannot be a name"],
    ["a", {}, "an environment is a --stack <name>, or a --url <url>"],
    ["a", { url: "http://x", region: "r" }, "go with --stack"],
    ["a", { url: "ftp://x" }, "is no URL"],
  ])("add %s with %j is refused", (name, options, message) => {
    expect(() => addEnvironment(cliOf(options).cli, name, { headers: [] })).toThrow(message);
  });

  test("what is not there is nothing, and what the project has stays there", () => {
    inProject({ environments: { shared: { stack: "S" } } });
    vi.spyOn(process, "cwd").mockReturnValue(project());
    expect(() => removeEnvironment(cliOf().cli, "shared")).toThrow("which is the project's");
    try {
      useEnvironment(cliOf().cli, "sharde");
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        exitCode: EXIT.nothing,
        message: expect.stringContaining('"shared"?') as unknown,
      });
    }
  });
});
