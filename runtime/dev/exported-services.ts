/**
 * Which services the user's files serve: part of each bundle, beside their code (`bundler.ts`).
 *
 * Of a file counts, in this order: its default export; what it has served by the end of its loading (`serve()`, `listen()`, a Lambda
 * function's handler); what it exports by name. A file that says none of this is waited for: it may be about to serve.
 * Of several files each default export and each name counts, and what any of them has served.
 */
import { isDefinition } from "../../sdk/definition.ts";
import { SERVED, type Served } from "../../sdk/endpoint.ts";
import { asError } from "../../lib/errors.ts";
import { SHOWN_NAMES_MAX } from "../../lib/limits/local.ts";

export interface LoadedFile {
  /** As it is shown. */
  readonly name: string;
  /** Its namespace. */
  readonly exports: object;
}

/** What its code has served, if it serves by itself. */
export interface SelfServed {
  readonly byNow: () => readonly object[];
  /** Resolves once there is something. Rejects if there is nothing for too long. */
  readonly soon: () => Promise<readonly object[]>;
}

/** Throws `TypeError` for a default export that is meant to be served and cannot be. */
export async function servicesOf(
  files: readonly LoadedFile[],
  { byNow, soon }: SelfServed,
): Promise<readonly unknown[]> {
  const exported = files.map((file) => ({ file, byDefault: defaultOf(file) }));
  const served = exported.every(({ byDefault }) => byDefault) ? [] : byNow();
  const namesCount = served.length === 0 || files.length > 1;
  const chosen = exported.flatMap(({ file, byDefault }) => byDefault ?? (namesCount ? namedOf(file) : []));
  chosen.push(...served);
  if (chosen.length > 0) return withoutCopies(chosen);
  try {
    return withoutCopies(await soon());
  } catch (error) {
    throw new Error(`${asError(error).message}${files.map(otherwise).join("")}`, { cause: error });
  }
}

/** Of a file with a default export that is something else. */
function otherwise({ name, exports }: LoadedFile): string {
  const { default: given } = exports as { readonly default?: unknown };
  const isNothing = given === undefined || (isPlain(given) && Object.keys(given).length === 0);
  return isNothing ? "" : ` The default export of ${name} is ${shown(given)}.`;
}

/** A definition, or what stands for all that it serves. */
const isService = (value: unknown): boolean =>
  isDefinition(value) ||
  (((typeof value === "object" && value !== null) || typeof value === "function") && SERVED in value);

const isList = (value: unknown): value is readonly unknown[] =>
  Array.isArray(value) && value.length > 0 && value.every(isService);

/** `undefined`: it has none that is meant to be served. */
function defaultOf({ name, exports }: LoadedFile): readonly unknown[] | undefined {
  const { default: given } = exports as { readonly default?: unknown };
  // What a CommonJS file exports comes as its default export.
  const inner = isPlain(given) && !isService(given) ? given["default"] : undefined;
  const value = inner ?? given;
  if (isService(value)) return [value];
  if (!Array.isArray(value)) return undefined;
  const at = value.findIndex((each) => !isService(each));
  if (at < 0) return value.length > 0 ? value : undefined;
  throw new TypeError(
    `${name}: element ${at + 1} of the default export is not a service definition: ${shown(value[at])}. ` +
      "Export what service(), object() and workflow() return.",
  );
}

/** Named exports, and those of a CommonJS file. */
function namedOf({ exports }: LoadedFile): readonly unknown[] {
  const { default: given } = exports as { readonly default?: unknown };
  const values = [...Object.values(exports), ...(isPlain(given) ? Object.values(given) : [])];
  return values.flatMap((value) => (isService(value) ? [value] : isList(value) ? value : []));
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A definition may be exported by one file, and again by another or served by it. */
function withoutCopies(services: readonly unknown[]): readonly unknown[] {
  const seen = new Set<unknown>();
  const isNew = (service: unknown): boolean => !seen.has(service) && seen.add(service) !== undefined;
  // What is served comes with options, so it goes before its bare definitions.
  const [served, bare] = [
    services.filter((each) => servedIn(each)),
    services.filter((each) => !servedIn(each)),
  ];
  const kept = served.flatMap((each) => {
    const all = servedIn(each);
    const own = all?.services.filter(isNew) ?? [];
    return own.length > 0 ? [{ [SERVED]: { ...all, services: own } }] : [];
  });
  return [...kept, ...bare.filter(isNew)];
}

const servedIn = (value: unknown): Served | undefined =>
  isDefinition(value) ? undefined : (value as { readonly [SERVED]?: Served })[SERVED];

function shown(value: unknown): string {
  if (typeof value === "function")
    return value.name === "" ? "a function" : `the function or class ${value.name}`;
  if (typeof value !== "object" || value === null) return String(value);
  const names = Object.keys(value).slice(0, SHOWN_NAMES_MAX);
  return names.length === 0 ? "an object" : `an object with ${names.join(", ")}`;
}
