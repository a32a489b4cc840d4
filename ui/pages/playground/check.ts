/** What an input lacks by its schema. It is a warning: the handler decides, and it may be wrong on purpose. */
import { asSchema, type Json, resolved, type Schema, typeOf } from "./schema.ts";

export interface Fault {
  /** `lines[0].sku`; empty: the whole. */
  readonly path: string;
  readonly message: string;
  /** Nothing was written there yet. */
  readonly blank?: true;
}

const FAULTS_MAX = 50;
const DEPTH_MAX = 20;

export function faultsOf(root: Schema, value: Json | undefined): readonly Fault[] {
  const faults: Fault[] = [];
  new Check(root, faults).look(root, value, "", 0);
  return faults.slice(0, FAULTS_MAX);
}

class Check {
  readonly #root: Schema;
  readonly #faults: Fault[];

  constructor(root: Schema, faults: Fault[]) {
    this.#root = root;
    this.#faults = faults;
  }

  look(given: Schema, value: Json | undefined, path: string, depth: number): void {
    if (depth > DEPTH_MAX || this.#faults.length >= FAULTS_MAX) return;
    const schema = resolved(this.#root, given);
    if (value === undefined) return;
    if (this.#isChoice(schema, value, path, depth)) return;
    const wrong = wrongType(schema, value);
    if (wrong !== undefined) return this.#add(path, wrong, value === "");
    for (const message of limitsBroken(schema, value)) this.#add(path, message, value === "");
    if (Array.isArray(value)) this.#items(schema, value as readonly Json[], path, depth);
    else if (typeof value === "object" && value !== null)
      this.#members(schema, value as Readonly<Record<string, Json>>, path, depth);
    const every = schema["allOf"];
    if (Array.isArray(every)) for (const each of every) this.look(asSchema(each), value, path, depth + 1);
  }

  /** Choices between values, and between shapes. True: there is nothing more to look at. */
  #isChoice(schema: Schema, value: Json, path: string, depth: number): boolean {
    const fixed = schema["const"] === undefined ? schema["enum"] : [schema["const"]];
    if (Array.isArray(fixed)) {
      const known = fixed.some((each) => JSON.stringify(each) === JSON.stringify(value));
      if (!known) this.#add(path, `is not one of ${fixed.map((each) => JSON.stringify(each)).join(", ")}`);
      return true;
    }
    const some = [schema["anyOf"], schema["oneOf"]].find(Array.isArray);
    if (!some) return false;
    const fits = some.some((each) => {
      const found: Fault[] = [];
      new Check(this.#root, found).look(asSchema(each), value, path, depth + 1);
      return found.length === 0;
    });
    if (!fits) this.#add(path, `fits none of the ${some.length} shapes that it may have`);
    return true;
  }

  #items(schema: Schema, values: readonly Json[], path: string, depth: number): void {
    const { items, minItems, maxItems } = schema;
    if (typeof minItems === "number" && values.length < minItems)
      this.#add(path, `has fewer than ${minItems} items`);
    if (typeof maxItems === "number" && values.length > maxItems)
      this.#add(path, `has more than ${maxItems} items`);
    values.forEach((value, index) => this.look(asSchema(items), value, `${path}[${index}]`, depth + 1));
  }

  #members(schema: Schema, value: Readonly<Record<string, Json>>, path: string, depth: number): void {
    const { required, additionalProperties } = schema;
    const properties = asSchema(schema["properties"]);
    const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
    for (const name of Array.isArray(required) ? required : [])
      if (typeof name === "string" && !Object.hasOwn(value, name)) this.#add(at(name), "is required");
    for (const [name, inner] of Object.entries(value)) {
      if (Object.hasOwn(properties, name)) this.look(asSchema(properties[name]), inner, at(name), depth + 1);
      else if (additionalProperties === false) this.#add(at(name), "is not known to the schema");
    }
  }

  #add(path: string, message: string, blank = false): void {
    this.#faults.push({ path, message, ...(blank && { blank }) });
  }
}

function wrongType(schema: Schema, value: Json): string | undefined {
  const { type } = schema;
  const types = Array.isArray(type) ? type : type === undefined ? [typeOf(schema)] : [type];
  const known = types.filter((each) => typeof each === "string");
  if (known.length === 0 || known.some((each) => isOf(each, value))) return undefined;
  return `is no ${known.join(" or ")}`;
}

function isOf(type: string, value: Json): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "integer":
      return typeof value === "number" && Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}

function limitsBroken(schema: Schema, value: Json): readonly string[] {
  if (typeof value === "number") return numberFaults(schema, value);
  return typeof value === "string" ? textFaults(schema, value) : [];
}

function numberFaults(schema: Schema, value: number): readonly string[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  return [
    ...(typeof minimum === "number" && value < minimum ? [`is less than ${minimum}`] : []),
    ...(typeof maximum === "number" && value > maximum ? [`is more than ${maximum}`] : []),
    ...(typeof exclusiveMinimum === "number" && value <= exclusiveMinimum
      ? [`is not more than ${exclusiveMinimum}`]
      : []),
    ...(typeof exclusiveMaximum === "number" && value >= exclusiveMaximum
      ? [`is not less than ${exclusiveMaximum}`]
      : []),
  ];
}

function textFaults(schema: Schema, value: string): readonly string[] {
  const { minLength, maxLength, format } = schema;
  const length = Array.from(value).length;
  const form = typeof format === "string" ? FORMATS[format] : undefined;
  return [
    ...(typeof minLength === "number" && length < minLength
      ? [length === 0 ? "is empty" : `has fewer than ${minLength} characters`]
      : []),
    ...(typeof maxLength === "number" && length > maxLength ? [`has more than ${maxLength} characters`] : []),
    ...(form && !form.test(value) ? [`is no ${format === "email" ? "email address" : String(format)}`] : []),
  ];
}

/** Patterns of the schema's own are not tried: one could keep the page busy for ever. */
const FORMATS: Readonly<Record<string, RegExp>> = {
  email: /^[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+$/u,
  uuid: /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/iu,
  uri: /^[a-z][a-z\d+.-]*:\S+$/iu,
  "date-time": /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/u,
  date: /^\d{4}-\d\d-\d\d$/u,
};
