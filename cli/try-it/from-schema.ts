/** A value that a JSON schema describes: what somebody who tries a handler may send first. Only what is required is in it. */
import { SAMPLE_DEPTH_MAX } from "../../lib/limits/cli.ts";

type Schema = Readonly<Record<string, unknown>>;

/** `undefined`: it cannot be told. Whether the value is taken is to be asked of the handler. */
export function sampleOfSchema(schema: unknown): unknown {
  return isSchema(schema) ? sample(schema, schema, "", 0) : undefined;
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `name`: of the property that it is for. */
function sample(given: Schema, root: Schema, name: string, depth: number): unknown {
  if (depth > SAMPLE_DEPTH_MAX) return undefined;
  const schema = resolved(given, root);
  for (const chosen of [schema["const"], schema["default"], first(schema["examples"]), first(schema["enum"])])
    if (chosen !== undefined) return chosen;
  const alternative = first(schema["anyOf"]) ?? first(schema["oneOf"]);
  if (isSchema(alternative)) return sample(alternative, root, name, depth + 1);
  return ofType(schema, root, name, depth);
}

function ofType(schema: Schema, root: Schema, name: string, depth: number): unknown {
  const type = Array.isArray(schema["type"]) ? first(schema["type"]) : schema["type"];
  switch (type) {
    case "string":
      return text(schema, name);
    case "number":
    case "integer":
      return number(schema);
    case "boolean":
      return true;
    case "null":
      return null;
    case "array":
      return isSchema(schema["items"]) ? [sample(schema["items"], root, name, depth + 1)] : [];
    default:
      return isSchema(schema["properties"]) || type === "object" ? object(schema, root, depth) : undefined;
  }
}

const first = (list: unknown): unknown => (Array.isArray(list) ? (list as unknown[])[0] : undefined);

function resolved(schema: Schema, root: Schema): Schema {
  const { $ref: ref } = schema;
  if (typeof ref !== "string" || !ref.startsWith("#/")) return schema;
  const found = ref
    .slice(2)
    .split("/")
    .reduce<unknown>((at, part) => (isSchema(at) ? at[part] : undefined), root);
  return isSchema(found) ? found : schema;
}

function object(schema: Schema, root: Schema, depth: number): unknown {
  const properties = isSchema(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const wanted = Object.entries(properties).filter(([name]) => required.includes(name));
  return Object.fromEntries(
    wanted.map(([name, value]) => [name, isSchema(value) ? sample(value, root, name, depth + 1) : null]),
  );
}

const FORMATS: Readonly<Record<string, string>> = {
  email: "ada@example.com",
  uuid: "00000000-0000-4000-8000-000000000000",
  uri: "https://example.com",
  url: "https://example.com",
  date: "2026-01-31",
  time: "12:00:00Z",
  "date-time": "2026-01-31T12:00:00Z",
};

function text({ format, minLength = 0 }: Schema, name: string): string {
  const known = typeof format === "string" ? FORMATS[format] : undefined;
  return (known ?? sampleText(name)).padEnd(Number(minLength), "x");
}

/** In words that say what they are for. */
export function sampleText(name: string): string {
  if (/email$/iu.test(name)) return FORMATS["email"] ?? name;
  return name === "" || name === "name" ? "World" : name;
}

function number({ minimum, exclusiveMinimum, multipleOf }: Schema): number {
  if (typeof multipleOf === "number") return multipleOf;
  if (typeof minimum === "number") return Math.max(1, minimum);
  return typeof exclusiveMinimum === "number" ? Math.max(1, exclusiveMinimum + 1) : 1;
}
