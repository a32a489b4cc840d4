/** What people have in their handlers: files, native addons, CommonJS packages, errors. Each bundle is run by a Node of its own. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Architecture } from "aws-cdk-lib/aws-lambda";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { BundlingOptions } from "../../infra/bundling.ts";
import { codeFolder } from "../../infra/code-folder.ts";
import { handlerBundle } from "../../infra/handler-bundle.ts";
import { nodeModulesFolder } from "../../infra/node-modules.ts";
import { servedNames, type ServedNames } from "../../infra/served-names.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const folder = realpathSync(mkdtempSync(join(tmpdir(), "perdure-handlers-")));
afterAll(() => rmSync(folder, { recursive: true }));

let projects = 0;
let project = "";
beforeEach(() => {
  project = join(folder, String(projects++));
  mkdirSync(join(project, "node_modules"), { recursive: true });
  symlinkSync(ROOT, join(project, "node_modules", "perdure"));
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }
}

const bundled = (entry: string, options?: BundlingOptions) =>
  handlerBundle(join(project, entry), "runtime", options);

/** Runs `use`, the body of a function of the bundle's module, in a fresh process. Returns what it has returned. */
function run(
  entry: string,
  options: BundlingOptions,
  use = "return await module.handler()",
  modules = "",
): unknown {
  const { contents, main } = bundled(entry, options);
  const asset = codeFolder(modules === "" ? contents : new Map([...contents, ["node_modules", modules]]));
  const script = `
    const module = await import(${JSON.stringify(join(asset, main))});
    const use = async () => { ${use} };
    console.log(JSON.stringify(await use()));`;
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: asset,
    encoding: "utf8",
  });
  return JSON.parse(out.replaceAll(asset, "/var/task").trim().split("\n").at(-1) ?? "") as unknown;
}

describe("files beside the bundle", () => {
  test("that modules name by import.meta.url come along, upwards and from folders too", () => {
    write({
      "src/order.ts": `
        import { readFileSync } from "node:fs";
        import { page } from "./pages/page.ts";
        const data = readFileSync(new URL("./data.txt", import.meta.url), "utf8");
        const logo = readFileSync(new URL("../assets/logo.svg", import.meta.url), "utf8");
        export const handler = async () => [data, logo, page];`,
      "src/pages/page.ts": `
        import { readFileSync } from "node:fs";
        export const page: string = readFileSync(new URL('./page.html', import.meta.url), "utf8");`,
      "src/data.txt": "data",
      "src/pages/page.html": "page",
      "assets/logo.svg": "logo",
    });
    expect([...bundled("src/order.ts").contents.keys()].toSorted()).toEqual([
      "assets/logo.svg",
      "src/data.txt",
      "src/index.mjs",
      "src/index.mjs.map",
      "src/page.html",
    ]);
    expect(bundled("src/order.ts").handler).toBe("src/index.handler");
    expect(run("src/order.ts", {})).toEqual(["data", "logo", "page"]);
  });

  test("of one name and two places are refused", () => {
    const reads = `new URL("./a.txt", import.meta.url)`;
    write({ "a.txt": "1", "b/a.txt": "2", "b/b.js": `export const b = ${reads};` });
    write({
      "order.js": `export { b } from "./b/b.js"; export const handler = async () => String(${reads});`,
    });
    expect(() => bundled("order.js")).toThrow(/are both "\.\/a\.txt" beside import\.meta\.url/);
  });

  test("that are listed, folders too, for code that puts paths together", () => {
    write({
      "order.js": `
        import { readFileSync } from "node:fs";
        import { join } from "node:path";
        const read = (name) => readFileSync(join(import.meta.dirname, "templates", name), "utf8");
        export const handler = async () => [read("a.txt"), read("deep/b.txt")];`,
      "templates/a.txt": "a",
      "templates/deep/b.txt": "b",
    });
    expect(run("order.js", { files: ["templates"] })).toEqual(["a", "b"]);
    expect(() => bundled("order.js", { files: ["nothing"] })).toThrow(
      `bundling.files: there is no ${join(project, "nothing")}. Paths are relative to the folder of the entry`,
    );
  });

  test("that loaders make come along", () => {
    write({
      "order.js": `
        import { readFileSync } from "node:fs";
        import path from "./m.wasm";
        import text from "./t.html";
        export const handler = async () => [readFileSync(new URL(path, import.meta.url), "utf8"), text, STAGE];`,
      "m.wasm": "wasm",
      "t.html": "html",
    });
    const options = { loader: { ".wasm": "file", ".html": "text" }, define: { STAGE: '"prod"' } } as const;
    expect(run("order.js", options)).toEqual(["wasm", "html", "prod"]);
  });
});

describe("CommonJS packages", () => {
  test("have __dirname, __filename and require", () => {
    write({
      "node_modules/old/index.js": `
        const { basename } = require("path");
        module.exports = [typeof __dirname, basename(__filename), typeof require("node:os").cpus];`,
      "order.js": `import old from "old"; export const handler = async () => old;`,
    });
    expect(run("order.js", {})).toEqual(["string", "index.mjs", "function"]);
  });

  test("leave the module's own __dirname alone", () => {
    write({ "order.js": `const __dirname = "mine"; export const handler = async () => __dirname;` });
    expect(run("order.js", { minify: false })).toBe("mine");
  });
});

const [THIS, OTHER] =
  process.arch === "arm64"
    ? [Architecture.ARM_64, Architecture.X86_64]
    : [Architecture.X86_64, Architecture.ARM_64];

/** An addon of this machine, with its package. It lies outside `node_modules`, so npm needs no registry. */
function writeAddon(): void {
  const [addon = ""] = globSync(`node_modules/classic-level/prebuilds/linux-${process.arch}/!(*musl).node`, {
    cwd: ROOT,
  });
  write({
    "addon/package.json": JSON.stringify({ name: "addon", version: "1.0.0" }),
    "addon/index.js": `module.exports = Object.keys(require("./build/addon.node")).length > 0 && __filename;`,
    "order.js": `import addon from "addon"; export const handler = async () => addon;`,
  });
  mkdirSync(join(project, "addon", "build"));
  cpSync(join(ROOT, addon), join(project, "addon", "build", "addon.node"));
  symlinkSync(join(project, "addon"), join(project, "node_modules", "addon"));
}

describe("native addons", () => {
  test("cannot be bundled, which names the option", () => {
    writeAddon();
    expect(() => bundled("order.js")).toThrow(
      /No loader is configured for "\.node"[^]*bundling: \{ nodeModules: \[/,
    );
  });

  test("are installed beside the bundle", () => {
    writeAddon();
    const options = { nodeModules: ["addon"] };
    const target = { entry: join(project, "order.js"), architecture: THIS };
    const modules = nodeModulesFolder(["addon"], target);
    expect(run("order.js", options, undefined, modules)).toBe("/var/task/node_modules/addon/index.js");
    // The same folder, without another installation.
    expect(nodeModulesFolder(["addon"], target)).toBe(modules);
  });

  test("of another platform are refused", () => {
    writeAddon();
    const target = { entry: join(project, "order.js"), architecture: OTHER };
    expect(() => nodeModulesFolder(["addon"], target)).toThrow(
      /addon\/build\/addon\.node is an addon for another platform than the function's, which is linux (arm64|x64)/,
    );
  });

  test("that are not installed are refused", () => {
    write({ "order.js": "" });
    const target = { entry: join(project, "order.js"), architecture: Architecture.ARM_64 };
    expect(() => nodeModulesFolder(["nothing-here"], target)).toThrow("Run: npm install nothing-here");
  });
});

describe("what cannot be bundled names the option that helps", () => {
  test.each([
    [`import "./m.wasm";`, /bundling: \{ loader: \{ "\.wasm": "binary" \} \}/],
    [`import "./m.sql";`, /bundling: \{ loader: \{ "\.sql": "text" \} \}/],
    [`import "not-there";`, /bundling: \{ external: \["not-there"\] \}/],
  ])("%s", (code, words) => {
    write({ "order.js": code, "m.wasm": "", "m.sql": "" });
    expect(() => bundled("order.js")).toThrow(words);
  });
});

describe("stacks", () => {
  const files = {
    "src/order.ts": `
import { service } from "perdure";
import { charge } from "./lib/charge.ts";

export default service({ name: "Order", handlers: { place: async () => charge({ amount: 3 }) } });
`,
    "src/lib/charge.ts": `
interface Bill {
  readonly amount: number;
}

export function charge({ amount }: Bill): never {
  throw new RangeError(\`\${amount} is too little\`);
}
export const stack = (): string => new Error("somewhere").stack ?? "";
`,
  };
  const STACK = "try { await module.fail(); } catch (error) { return error.stack; }";

  test("name the user's files and lines", () => {
    write(files);
    write({
      "src/main.ts": `import { charge } from "./lib/charge.ts";\nexport const handler = async () => charge({ amount: 3 });`,
    });
    const stack = run("src/main.ts", {}, STACK.replace("fail", "handler")) as string;
    expect(stack.split("\n").slice(0, 3)).toEqual([
      "RangeError: 3 is too little",
      expect.stringMatching(/^ {4}at charge \(\/var\/task\/lib\/charge\.ts:7:9\)$/),
      expect.stringMatching(/^ {4}at .*\/var\/task\/main\.ts:2:36\)?$/),
    ]);
  });

  test("are those of the bundle without a map", () => {
    write({
      ...files,
      "src/main.ts": `import { charge } from "./lib/charge.ts";\nexport const handler = async () => charge({ amount: 3 });`,
    });
    const { contents } = bundled("src/main.ts", { sourceMap: false });
    expect([...contents.keys()]).toEqual(["index.mjs"]);
    expect(run("src/main.ts", { sourceMap: false }, STACK.replace("fail", "handler"))).toMatch(
      /\/var\/task\/index\.mjs:\d+:\d+/,
    );
  });

  test("the map holds no source text, and no path of this machine", () => {
    write(files);
    const map = bundled("src/order.ts").contents.get("index.mjs.map");
    const { sources, sourcesContent } = JSON.parse(String(map && Buffer.from(map as Uint8Array))) as {
      sources: string[];
      sourcesContent?: unknown;
    };
    expect(sourcesContent).toBeUndefined();
    expect(
      sources.filter((name) => !/^node_modules\/perdure\/(sdk|lib|perdure-entry)/.test(name)).toSorted(),
    ).toEqual(["lib/charge.ts", "order.ts"]);
  });

  test("the same sources give the same bytes", () => {
    write(files);
    expect(bundled("src/order.ts")).toEqual(bundled("src/order.ts"));
  });
});

describe("what a bundle serves", () => {
  const named = (
    code: string,
    environment: Record<string, string> = {},
    options?: BundlingOptions,
  ): ServedNames => {
    write({ "order.ts": `import { service } from "perdure";\n${code}` });
    return servedNames(bundled("order.ts", options), join(project, "order.ts"), environment);
  };
  const ORDER = `export default service({ name: process.env["NAME"] ?? "Order", handlers: { a: async () => 1 } });`;

  const SERVED = { names: ["Order"], served: [{ name: "Order", isKeyed: false, handlers: ["a"] }] };

  test("is asked of its handler, in its environment and in no other", () => {
    process.env["NAME"] = "Elsewhere";
    expect(named(ORDER)).toEqual(SERVED);
    delete process.env["NAME"];
    expect(named(ORDER, { NAME: "Bill" })).toMatchObject({ names: ["Bill"] });
  });

  test("is asked although a package is not in the bundle", () => {
    write({
      "node_modules/layered/index.js": "module.exports = 1;",
      "node_modules/layered/package.json": "{}",
    });
    expect(
      named(
        `import layered from "layered";\nif (layered !== 1) throw new Error();\n${ORDER}`,
        {},
        { external: ["layered"] },
      ),
    ).toEqual(SERVED);
  });

  test.each([
    [
      `throw new Error("no " + process.env["AWS_ACCESS_KEY_ID"]);`,
      "Error: no undefined\n    at PLACE/order.ts:2:7",
    ],
    ["await new Promise(() => undefined);", "a top-level await in it never ends"],
    [
      "export const handler = async () => 1;",
      "its `handler` was not made by createLambdaHandler: it does not say what it serves",
    ],
  ])("is not known: %s", (code, reason) => {
    expect(named(`${code}\n${ORDER}`).reason?.replaceAll(project, "PLACE")).toBe(reason);
  });
});
