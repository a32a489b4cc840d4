/**
 * A value of the type that a handler declares for its input, read from the user's own files. It knows the types that people write in
 * such places: of JSON, literals, arrays, objects, and names of types in the same files. Of any other it says that it cannot tell.
 */
import { SAMPLE_DEPTH_MAX } from "../../lib/limits/cli.ts";
import { sampleText } from "./from-schema.ts";

export type TypeSample = { readonly kind: "none" } | { readonly kind: "value"; readonly value: unknown };

/** `none`: it takes no input. `undefined`: it cannot be told. `sources`: the texts of the files. */
export function sampleOfTypes(sources: readonly string[], handler: string): TypeSample | undefined {
  for (const source of sources) {
    const parameters = parametersOf(source, handler);
    if (!parameters) continue;
    const [, input] = parameters;
    if (input === undefined) return { kind: "none" };
    const type = /^[\w$]+\??\s*:([^]*)$/u.exec(input)?.[1] ?? /^\{[^]*?\}\s*:([^]*)$/u.exec(input)?.[1];
    if (type === undefined) return undefined;
    const value = new TypeReader(sources, withoutDefault(type)).read();
    return value === undefined ? undefined : { kind: "value", value };
  }
  return undefined;
}

const escapedName = (name: string): string => name.replaceAll(/[.*+?^${}()|[\]\\-]/gu, "\\$&");

/** The parameters of a function that has this name, or stands behind it: `greet: async (ctx, name: string) =>`. */
function parametersOf(source: string, name: string): readonly string[] | undefined {
  const places = new RegExp(
    `(?<![\\w$.])["']?${escapedName(name)}["']?\\s*(?::|=|(?=\\())\\s*(?:async\\s*)?(?:function\\s*\\*?\\s*[\\w$]*\\s*|\\*\\s*)?\\(`,
    "gu",
  );
  for (const { index, 0: match } of source.matchAll(places)) {
    const from = index + match.length;
    const to = closing(source, from);
    if (to === undefined || !/^\s*(?::[^;{]*)?(?:=>|\{)/u.test(source.slice(to + 1))) continue;
    const parameters = split(source.slice(from, to), ",").filter((each) => each !== "");
    // Calls have no parameters, and handlers have a context.
    if (parameters.length > 0 && /^(?:_?[\w$]+\??\s*(?::|$)|\{)/u.test(parameters[0] ?? ""))
      return parameters;
  }
  return undefined;
}

const OPENS = "([{<";
const CLOSES = ")]}>";

/** Where the bracket ends that is open at `from`. */
function closing(text: string, from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const sign = text[at] ?? "";
    if (sign === ">" && text[at - 1] === "=") continue;
    if (OPENS.includes(sign)) depth++;
    else if (CLOSES.includes(sign) && depth-- === 0) return at;
  }
  return undefined;
}

/** At signs that stand in no bracket. */
function split(text: string, separators: string): string[] {
  const parts = [""];
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at] ?? "";
    const isArrow = sign === ">" && text[at - 1] === "=";
    if (OPENS.includes(sign)) depth++;
    else if (CLOSES.includes(sign) && !isArrow) depth--;
    if (depth === 0 && separators.includes(sign)) parts.push("");
    else parts[parts.length - 1] += sign;
  }
  return parts.map((part) => part.trim());
}

const withoutDefault = (type: string): string => split(type, "=")[0] ?? type;

const WORDS: Readonly<Record<string, unknown>> = {
  number: 1,
  boolean: true,
  true: true,
  false: false,
  null: null,
};

const LIST = /^(?:readonly\s+)?([^]*)\[\]$|^(?:Readonly)?Array<([^]*)>$/u;
const WRAPPED = /^(?:Readonly|Required)<([^]*)>$|^\(([^]*)\)$/u;

function literalOf(type: string, name: string): unknown {
  if (type === "string") return sampleText(name);
  if (Object.hasOwn(WORDS, type)) return WORDS[type];
  if (/^-?[\d.]+$/u.test(type)) return Number(type);
  return /^(["'`])([^"'`]*)\1$/u.exec(type)?.[2];
}

class TypeReader {
  readonly #sources: readonly string[];
  readonly #type: string;

  constructor(sources: readonly string[], type: string) {
    this.#sources = sources;
    this.#type = type;
  }

  read(): unknown {
    return this.#sample(this.#type, "", 0);
  }

  #sample(given: string, name: string, depth: number): unknown {
    const type = given.trim();
    if (depth > SAMPLE_DEPTH_MAX || type === "") return undefined;
    const alternatives = split(type, "|").filter((each) => each !== "");
    if (alternatives.length > 1) return this.#sample(alternatives[0] ?? "", name, depth + 1);
    if (split(type, "&").length > 1) return this.#both(split(type, "&"), name, depth);
    return this.#single(alternatives[0] ?? type, name, depth);
  }

  #both(parts: readonly string[], name: string, depth: number): unknown {
    const values = parts.map((part) => this.#sample(part, name, depth + 1));
    const isObjects = values.every((value) => typeof value === "object" && value !== null);
    return isObjects ? (Object.assign({}, ...values) as unknown) : undefined;
  }

  #single(type: string, name: string, depth: number): unknown {
    const literal = literalOf(type, name);
    if (literal !== undefined) return literal;
    if (/^(?:Record|Partial)</u.test(type)) return {};
    if (type.startsWith("{")) return this.#object(type.slice(1, -1), depth);
    const element = LIST.exec(type)
      ?.slice(1)
      .find((found) => found !== undefined);
    if (element !== undefined) {
      const value = this.#sample(element, name, depth + 1);
      return value === undefined ? undefined : [value];
    }
    const inner = WRAPPED.exec(type)
      ?.slice(1)
      .find((found) => found !== undefined);
    if (inner !== undefined) return this.#sample(inner, name, depth + 1);
    return /^[A-Za-z_$][\w$]*$/u.test(type) ? this.#named(type, name, depth) : undefined;
  }

  #object(body: string, depth: number): unknown {
    const members = split(body.replaceAll(/\/\*[^]*?\*\/|\/\/[^\n]*/gu, ""), ";,\n").filter(
      (each) => each !== "",
    );
    const entries: [string, unknown][] = [];
    for (const member of members) {
      const [, name, optional, type] =
        /^(?:readonly\s+)?["']?([\w$-]+)["']?\s*(\?)?\s*:([^]*)$/u.exec(member) ?? [];
      if (name === undefined || type === undefined) return undefined;
      if (optional !== undefined) continue;
      const value = this.#sample(type, name, depth + 1);
      if (value === undefined) return undefined;
      entries.push([name, value]);
    }
    return Object.fromEntries(entries);
  }

  #named(type: string, name: string, depth: number): unknown {
    for (const source of this.#sources) {
      const shape = new RegExp(`\\binterface\\s+${escapedName(type)}\\s*\\{`, "u").exec(source);
      const from = shape && shape.index + shape[0].length;
      const to = from === null ? undefined : closing(source, from);
      if (from !== null && to !== undefined) return this.#object(source.slice(from, to), depth);
      const alias = new RegExp(`\\btype\\s+${escapedName(type)}\\s*=`, "u").exec(source);
      if (alias) return this.#sample(untilEnd(source.slice(alias.index + alias[0].length)), name, depth + 1);
    }
    return undefined;
  }
}

/** Of an alias: to its semicolon, or to the line after which another statement begins. */
const untilEnd = (text: string): string =>
  (split(text, ";")[0] ?? "").split(
    /\n(?=(?:export|const|let|type|interface|class|function|import)\b)/u,
  )[0] ?? "";
