/**
 * A page of the documentation: the code that it shows, and its requests with the promised answers.
 *
 * - A block `ts` is a module. It is compiled as a file of the project, and what it exports by default is served.
 * - A block `ts fragment` is compiled inside of a function that has `ctx`, an object's context, and `this`, a stack of the CDK.
 * - What fragments use stands in a comment of the page, `<!-- fragments … -->`, which readers do not see: imports and declarations.
 * - In a block `sh`, a `curl` to localhost that has its answer below as a comment is a request. `…` in its path is the id that the
 *   last request answered.
 */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";

export const ROOT = join(import.meta.dirname, "../../..");
const INGRESS = "localhost:8080";
const ADMIN = "localhost:9070";

export interface ShownRequest {
  readonly command: string;
  /** Of the ingress, or of the admin API. */
  readonly isAdmin: boolean;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
  /** `…` stands for what differs from run to run. */
  readonly answer: string;
}

interface ShownCode {
  /** Of the file that it becomes. */
  readonly name: string;
  readonly text: string;
}

export interface Page {
  /** From the root. */
  readonly path: string;
  readonly modules: readonly ShownCode[];
  readonly fragments: readonly ShownCode[];
  readonly requests: readonly ShownRequest[];
}

export function readPage(path: string): Page {
  const source = readFileSync(join(ROOT, path), "utf8");
  const name = relative("docs", path).replace(/\.md$/, "").replaceAll(/\W+/g, "-");
  const [, prelude = ""] = /<!-- fragments\n(.*?)-->/s.exec(source) ?? [];
  const blocks = [...source.matchAll(/^```(\w+)([^\n]*)\n(.*?)^```$/gms)].map(
    ([, language = "", info = "", text = ""], index) => ({
      language,
      isFragment: info.trim() === "fragment",
      text,
      name: `${name}-${index}.ts`,
    }),
  );
  const code = blocks.filter(({ language }) => language === "ts");
  return {
    path,
    modules: code.filter(({ isFragment }) => !isFragment),
    fragments: code
      .filter(({ isFragment }) => isFragment)
      .map(({ name: file, text }) => ({ name: file, text: inAFunction(prelude, text) })),
    requests: blocks
      .filter(({ language }) => language === "sh")
      .flatMap(({ text }) => [...text.matchAll(/^(curl (?:.*\\\n)*.*)\n# ?(.*)$/gm)])
      .map(([, command = "", answer = ""]) => parseCurl(command, answer)),
  };
}

/** What it imports stands before the function: an import is not a statement. */
function inAFunction(prelude: string, text: string): string {
  const own = text.match(/^import .*$/gm) ?? [];
  const body = text.replaceAll(/^import .*$/gm, "");
  return `import type { ObjectContext } from "perdure";
import type { Stack } from "aws-cdk-lib";
${own.join("\n")}
${prelude}
export async function fragment(this: Stack, ctx: ObjectContext): Promise<unknown> {
${body}
return undefined;
}
`;
}

/** The part of curl that the pages use: `-X`, `-H`, `--json`, one address. */
function parseCurl(command: string, answer: string): ShownRequest {
  const words = [...command.replaceAll("\\\n", " ").matchAll(/'([^']*)'|(\S+)/g)]
    .map(([, quoted, plain = ""]) => quoted ?? plain)
    .slice(1);
  const headers: Record<string, string> = {};
  const given: { method?: string; body?: string; address?: string } = {};
  const options: Record<string, (value: string) => void> = {
    "-X": (value) => (given.method = value),
    "-H": (value) => {
      const [header = "", text = ""] = value.split(/: */);
      headers[header] = text;
    },
    "--json": (value) => {
      given.body = value;
      headers["content-type"] = "application/json";
    },
  };
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const { [word]: option } = options;
    if (option) option(words.shift() ?? "");
    else if (word.startsWith(INGRESS) || word.startsWith(ADMIN)) given.address = word;
    else throw new Error(`the pages' tests do not know ${word} in: ${command}`);
  }
  const { address, body, method = body === undefined ? "GET" : "POST" } = given;
  if (address === undefined) throw new Error(`no address in: ${command}`);
  const path = address.slice(address.indexOf("/"));
  return { command, isAdmin: address.startsWith(ADMIN), path, headers, body, answer, method };
}

/** Whether the answer is the promised one. */
export function matches(answer: string, promised: string): boolean {
  const pattern = promised.split("…").map((text) => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`));
  return new RegExp(`^${pattern.join(".*")}$`, "s").test(answer);
}
