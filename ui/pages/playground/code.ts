/** Code that does the same as the request: for a shell, for TypeScript, for the command line. Whatever the names and values hold. */
import { parseDuration } from "../../../lib/duration.ts";
import { compacted, isJson } from "../../words/json-layout.ts";
import { type Draft, isKeyed, JSON_TYPE, requestHeaders, requestPath } from "./request.ts";

/** One word of a POSIX shell. Within single quotes nothing means anything but the quote itself. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** `ingress`: where handlers are called. */
export function curlOf(draft: Draft, ingress: string): string {
  const url = `${ingress.replace(/\/+$/u, "")}${requestPath(draft)}`;
  const { "content-type": type, ...headers } = requestHeaders(draft);
  const given = Object.entries(headers).flatMap(([name, value]) => [
    // An empty header is written with a semicolon.
    `-H ${shellWord(value === "" ? `${name};` : `${name}: ${value}`)}`,
  ]);
  const lines = [`curl ${shellWord(url)}`, ...given, bodyOf(draft, type)];
  return lines.join(" \\\n  ");
}

function bodyOf({ input }: Draft, type: string | undefined): string {
  if (input === "") return "-X POST";
  if (type === JSON_TYPE && isJson(input)) return `--json ${shellWord(quotable(compacted(input)))}`;
  return `-H ${shellWord(`content-type: ${type ?? JSON_TYPE}`)} --data-raw ${shellWord(input)}`;
}

/** A shell has no word with a NUL in it; in JSON such characters can be written otherwise. */
const quotable = (json: string): string =>
  // oxlint-disable-next-line no-control-regex
  json.replaceAll(/[\u0000-\u001F\u007F\p{Cf}]/gu, escaped);
const HEX = 16;
const escaped = (character: string): string =>
  [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(HEX).padStart(4, "0")}`)
    .join("");

/** For perdure's own command line. Options stand first: behind `--` nothing is one. */
export function cliOf(draft: Draft): string {
  const { service, key, handler, how, delay, idempotencyKey, headers, input, contentType } = draft;
  const target = [service, ...(isKeyed(draft) ? [key] : []), handler].join("/");
  const given = headers.filter(([name]) => name.trim() !== "");
  const text = isJson(input) ? quotable(compacted(input)) : input;
  // An at sign would name a file.
  const isPiped = text.startsWith("@");
  const words = [
    `${isPiped ? `printf %s ${shellWord(text)} | ` : ""}perdure ${how}`,
    ...(how === "send" && delay !== "" ? [`--delay ${shellWord(delay)}`] : []),
    ...(idempotencyKey === "" ? [] : [`--idempotency-key ${shellWord(idempotencyKey)}`]),
    ...given.map(([name, value]) => `-H ${shellWord(`${name.trim()}=${value}`)}`),
    ...(input !== "" && !isJson(input) ? [`--content-type ${shellWord(contentType)}`] : []),
    shellWord(target),
    ...(input === "" ? [] : isPiped ? ["-"] : inputWords(text)),
  ];
  return words.join(" ");
}

/** A dash would begin an option. */
const inputWords = (text: string): readonly string[] =>
  text.startsWith("-") ? ["--", shellWord(text)] : [shellWord(text)];

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/u;
const RESERVED = new Set(
  "await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield client result sent connect options".split(
    " ",
  ),
);

/** A service's definition, as people would name it: `Order` is `order`. */
export function definitionName(service: string): string {
  const plain = service.replaceAll(/[^\w$]+(.)?/gu, (_, next: string | undefined) =>
    (next ?? "").toUpperCase(),
  );
  const name = plain.charAt(0).toLowerCase() + plain.slice(1);
  return IDENTIFIER.test(name) && !RESERVED.has(name) ? name : "definition";
}

/** With the typed client. */
export function typescriptOf(draft: Draft, ingress: string): string {
  const { service, key, handler, how, type, input } = draft;
  const definition = definitionName(service);
  const options = optionsOf(draft);
  const imports = options === "" ? "connect" : "connect, options";
  const client = `${CLIENTS[type]}${how === "send" ? "SendClient" : "Client"}`;
  const named = `{ name: ${literal(service)} }${isKeyed(draft) ? `, ${literal(key)}` : ""}`;
  const value = input === "" ? "" : valueOf(input);
  const args = [value, options].filter((each) => each !== "").join(", ");
  const method = IDENTIFIER.test(handler) ? `.${handler}` : `[${literal(handler)}]`;
  return [
    `import { ${imports} } from "perdure/client";`,
    `import type { ${definition} } from "./services.ts";`,
    "",
    `const client = connect({ url: ${literal(ingress)} });`,
    `const ${how === "send" ? "sent" : "result"} = await client`,
    `  .${client}<typeof ${definition}>(${named})`,
    `  ${method}(${indent(args)});`,
  ].join("\n");
}

const CLIENTS = { Service: "service", VirtualObject: "object", Workflow: "workflow" } as const;

function optionsOf({ idempotencyKey, headers, how, delay }: Draft): string {
  const given = headers.filter(([name]) => name.trim() !== "");
  const fields = [
    ...(idempotencyKey === "" ? [] : [`idempotencyKey: ${literal(idempotencyKey)}`]),
    ...(given.length === 0
      ? []
      : [
          `headers: { ${given.map(([name, value]) => `${member(name.trim())}: ${literal(value)}`).join(", ")} }`,
        ]),
    ...(how === "send" && delay !== "" ? [`delay: ${delayOf(delay)}`] : []),
  ];
  return fields.length === 0 ? "" : `options({ ${fields.join(", ")} })`;
}

const UNIT_NAMES = {
  ms: "milliseconds",
  s: "seconds",
  m: "minutes",
  h: "hours",
  d: "days",
} as const;

/** `{ minutes: 5 }`; what is written otherwise is a number of milliseconds. */
function delayOf(delay: string): string {
  const parts = [...delay.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)(?![a-z])/gu)];
  if (parts.length === 0 || delay.replaceAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)(?![a-z])/gu, "").trim() !== "")
    return String(parseDuration(delay) ?? literal(delay));
  const fields = parts.map(([, count, unit]) => `${UNIT_NAMES[unit as keyof typeof UNIT_NAMES]}: ${count}`);
  return `{ ${fields.join(", ")} }`;
}

/** A text of the language, with unseen characters written out. */
const literal = (text: string): string =>
  quotable(JSON.stringify(text)).replaceAll(/[\u2028\u2029]/gu, escaped);
const member = (name: string): string => (IDENTIFIER.test(name) ? name : literal(name));

/** JSON as it is written in TypeScript; what is no JSON is a text. */
function valueOf(input: string): string {
  let value: unknown;
  try {
    value = JSON.parse(input);
  } catch {
    return literal(input);
  }
  return written(value, 0);
}

const WIDTH = 60;
const written = (value: unknown, depth: number): string => {
  if (typeof value === "string") return literal(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((each) => written(each, depth + 1))
    : Object.entries(value).map(([name, each]) => `${fieldName(name)}: ${written(each, depth + 1)}`);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  if (parts.length === 0) return `${open}${close}`;
  const short = isList ? `[${parts.join(", ")}]` : `{ ${parts.join(", ")} }`;
  if (short.length <= WIDTH && !short.includes("\n")) return short;
  const pad = "  ".repeat(depth + 1);
  return `${open}\n${parts.map((part) => `${pad}${part},\n`).join("")}${"  ".repeat(depth)}${close}`;
};
/** `__proto__: x` sets a prototype; in brackets it is a name like any other. */
const fieldName = (name: string): string => (name === "__proto__" ? '["__proto__"]' : member(name));

const indent = (text: string): string => text.replaceAll("\n", "\n  ");
