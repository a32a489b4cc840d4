/**
 * The form of an input, from its JSON schema. What a form cannot show (recursive or very deep schemas, choices between shapes)
 * is a field of JSON: nothing is left out, and nothing is made up.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export type Field =
  | (Common & { readonly kind: "text"; readonly format?: string; readonly long: boolean })
  | (Common & { readonly kind: "number"; readonly whole: boolean })
  | (Common & { readonly kind: "yes or no" })
  | (Common & { readonly kind: "choice"; readonly choices: readonly Json[] })
  | (Common & { readonly kind: "object"; readonly fields: readonly Member[] })
  | (Common & { readonly kind: "list"; readonly item: Field; readonly max?: number })
  | (Common & { readonly kind: "json" });
export interface Common {
  readonly title?: string;
  readonly description?: string;
  /** What is expected, in a few words: "integer ≥ 1". */
  readonly expected: string;
  readonly preset?: Json;
  readonly schema: Schema;
}
export interface Member {
  readonly name: string;
  readonly required: boolean;
  readonly field: Field;
}
export type Schema = Readonly<Record<string, unknown>>;

const DEPTH_MAX = 8;
const FIELDS_MAX = 100;

const isRecord = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const asSchema = (value: unknown): Schema => (isRecord(value) ? value : {});

/** Nothing is known of the input: any JSON will do. */
export const saysNothing = (schema: Schema): boolean =>
  !["type", "properties", "enum", "const", "$ref", "anyOf", "oneOf", "allOf", "items"].some(
    (name) => schema[name] !== undefined,
  );

export function fieldOf(root: Schema): Field {
  return fieldIn(root, root, 0);
}

function fieldIn(root: Schema, given: Schema, depth: number): Field {
  const schema = plain(resolved(root, given));
  const common: Common = {
    ...(typeof schema["title"] === "string" && { title: schema["title"] }),
    ...(typeof schema["description"] === "string" && { description: schema["description"] }),
    ...(schema["default"] !== undefined && { preset: schema["default"] as Json }),
    expected: expectedOf(schema),
    schema,
  };
  if (depth > DEPTH_MAX) return { ...common, kind: "json" };
  const choices = choicesOf(schema);
  if (choices) return { ...common, kind: "choice", choices };
  return typedField(root, schema, common, depth);
}

function typedField(root: Schema, schema: Schema, common: Common, depth: number): Field {
  const { format, items, maxItems, maxLength } = schema;
  switch (typeOf(schema)) {
    case "string":
      return {
        ...{ ...common, kind: "text", long: typeof maxLength === "number" && maxLength > LONG },
        ...(typeof format === "string" && { format }),
      };
    case "integer":
    case "number":
      return { ...common, kind: "number", whole: typeOf(schema) === "integer" };
    case "boolean":
      return { ...common, kind: "yes or no" };
    case "object": {
      const fields = membersOf(root, schema, depth);
      return fields === undefined ? { ...common, kind: "json" } : { ...common, kind: "object", fields };
    }
    case "array":
      if (!isRecord(items)) return { ...common, kind: "json" };
      return {
        ...{ ...common, kind: "list", item: fieldIn(root, items, depth + 1) },
        ...(typeof maxItems === "number" && { max: maxItems }),
      };
    case undefined:
    default:
      return { ...common, kind: "json" };
  }
}
const LONG = 200;

function membersOf(root: Schema, schema: Schema, depth: number): readonly Member[] | undefined {
  if (!isRecord(schema["properties"])) return undefined;
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const entries = Object.entries(schema["properties"]);
  if (entries.length > FIELDS_MAX) return undefined;
  return entries.map(([name, of]) => ({
    name,
    required: required.includes(name),
    field: fieldIn(root, asSchema(of), depth + 1),
  }));
}

/** The one type that it has. `undefined`: several, or none. */
export function typeOf(schema: Schema): string | undefined {
  const { type } = schema;
  if (typeof type === "string") return type;
  if (Array.isArray(type)) {
    const named = type.filter((each) => each !== "null");
    return named.length === 1 && typeof named[0] === "string" ? named[0] : undefined;
  }
  if (isRecord(schema["properties"])) return "object";
  return isRecord(schema["items"]) ? "array" : undefined;
}

function choicesOf(schema: Schema): readonly Json[] | undefined {
  if (schema["const"] !== undefined) return [schema["const"] as Json];
  const all = schema["enum"];
  return Array.isArray(all) && all.length > 0 ? (all as Json[]) : undefined;
}

/** Follows `$ref` within the document. A ring of them, or another document, is left alone. */
export function resolved(root: Schema, schema: Schema): Schema {
  let at = schema;
  for (let hops = 0; hops < DEPTH_MAX && typeof at["$ref"] === "string"; hops++) {
    const found = pointed(root, at["$ref"]);
    if (!found) return at;
    const { $ref: _, ...rest } = at;
    at = { ...found, ...rest };
  }
  return at;
}

function pointed(root: Schema, ref: string): Schema | undefined {
  if (!ref.startsWith("#")) return undefined;
  let at: unknown = root;
  for (const part of ref.slice(1).split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    at = isRecord(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return isRecord(at) ? at : undefined;
}

/** Something or null is something that may be left empty; parts that must all hold are one. */
function plain(schema: Schema): Schema {
  const some = [schema["anyOf"], schema["oneOf"]].find(Array.isArray);
  if (some) {
    const others = some.filter((each) => isRecord(each) && each["type"] !== "null");
    const { anyOf: _, oneOf: __, ...rest } = schema;
    if (others.length === 1) return { ...rest, ...asSchema(others[0]) };
  }
  const { allOf: every, ...rest } = schema;
  if (!Array.isArray(every)) return schema;
  const merged = every.map(asSchema).reduce((all, each) => ({
    ...{ ...all, ...each },
    ...{ properties: { ...asSchema(all["properties"]), ...asSchema(each["properties"]) } },
  }));
  return { ...merged, ...rest };
}

function expectedOf(schema: Schema): string {
  const { format, minimum, maximum, exclusiveMinimum, minLength, maxLength, pattern } = schema;
  const type = typeOf(schema);
  const words = typeof format === "string" ? format : (type ?? (choicesOf(schema) ? "one of" : "any JSON"));
  const limits = [
    ...(typeof minimum === "number" ? [`≥ ${minimum}`] : []),
    ...(typeof exclusiveMinimum === "number" ? [`> ${exclusiveMinimum}`] : []),
    ...(typeof maximum === "number" ? [`≤ ${maximum}`] : []),
    ...(typeof minLength === "number" && minLength > 1 ? [`at least ${minLength} characters`] : []),
    ...(typeof maxLength === "number" ? [`at most ${maxLength} characters`] : []),
    ...(typeof pattern === "string" ? [`like ${pattern}`] : []),
  ];
  return [words, ...limits].join(" ");
}

/** What a form begins with: what is required, empty, and what has a preset. `undefined`: nothing. */
export function beginning(field: Field, required = true): Json | undefined {
  if (field.preset !== undefined) return field.preset;
  if (!required) return undefined;
  switch (field.kind) {
    case "text":
      return "";
    case "number":
      return typeof field.schema["minimum"] === "number" ? Math.max(0, field.schema["minimum"]) : 0;
    case "yes or no":
      return false;
    case "choice":
      return field.choices[0] ?? null;
    case "object":
      return Object.fromEntries(
        field.fields.flatMap(({ name, field: inner, required: needed }) => {
          const value = beginning(inner, needed);
          return value === undefined ? [] : [[name, value]];
        }),
      );
    case "list":
      return [];
    case "json":
      return null;
  }
}
