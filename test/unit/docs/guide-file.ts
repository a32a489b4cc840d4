/** A guide: the modules that it shows, and its requests with the promised answers. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

export const ROOT = join(import.meta.dirname, "../../..");
/** The folder for the modules. There they are compiled and loaded like any file of the project. */
export const SNIPPETS = join(ROOT, ".snippets");

export interface ShownRequest {
  readonly command: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
  /** `…` stands for what differs from run to run. */
  readonly answer: string;
}

export interface Guide {
  readonly name: string;
  /** Paths of the modules, in the order of the guide. */
  readonly modules: readonly string[];
  readonly requests: readonly ShownRequest[];
}

export function readGuide(path: string): Guide {
  const name = basename(path, ".md");
  const source = readFileSync(path, "utf8");
  const blocks = [...source.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = "", text = ""]) => ({
    language,
    text,
  }));
  mkdirSync(SNIPPETS, { recursive: true });
  const modules = blocks
    .filter(({ language }) => language === "ts")
    .map(({ text }, index) => {
      const file = join(SNIPPETS, `${name}-${index}.ts`);
      writeFileSync(file, text);
      return file;
    });
  const requests = blocks
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => [...text.matchAll(/^(curl .*)\n# ?(.*)$/gm)])
    .map(([, command = "", answer = ""]) => parseCurl(command, answer));
  return { name, modules, requests };
}

/** The part of curl that the guides use: `-X`, `-H`, `--json`, one address. */
function parseCurl(command: string, answer: string): ShownRequest {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)]
    .map(([, quoted, plain = ""]) => quoted ?? plain)
    .slice(1);
  const headers: Record<string, string> = {};
  let method: string | undefined;
  let body: string | undefined;
  let path: string | undefined;
  while (words.length > 0) {
    const word = words.shift() ?? "";
    if (word === "-X") method = words.shift();
    else if (word === "--json") body = words.shift();
    else if (word === "-H") {
      const [header = "", value = ""] = (words.shift() ?? "").split(/: */);
      headers[header] = value;
    } else if (word.startsWith("localhost:8080/")) path = word.slice("localhost:8080".length);
    else throw new Error(`the guides' tests do not know ${word} in: ${command}`);
  }
  if (path === undefined) throw new Error(`no address in: ${command}`);
  if (body !== undefined) headers["content-type"] = "application/json";
  return { command, path, headers, body, answer, method: method ?? (body === undefined ? "GET" : "POST") };
}

/** Whether the answer is the promised one. */
export function matches(answer: string, promised: string): boolean {
  const pattern = promised.split("…").map((text) => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`));
  return new RegExp(`^${pattern.join(".*")}$`, "s").test(answer);
}
