/** The state of a key, as the admin API answers it, and the JSON that it stands for. */
import { isDeepStrictEqual } from "node:util";
import { type AdminClient, path, Refusal } from "../admin-client.ts";
import { parsedOr, utf8 } from "../calls/bytes.ts";
import { noServiceNamed } from "../calls/explained.ts";
import { keyTarget, type KeyTarget } from "../calls/target.ts";
import type { Cli } from "../cli.ts";
import { CommandError, EXIT, UsageError } from "../exit.ts";
import type { AnswerFields } from "../fields.ts";

export interface StoredValue {
  readonly name: string;
  readonly bytes: number;
  /** `undefined`: it is too long to be shown. */
  readonly content: Uint8Array | undefined;
}

export interface StoredState extends KeyTarget {
  /** Equal states have equal versions. */
  readonly version: string;
  readonly values: readonly StoredValue[];
}

/** `Object/key` and what follows, or `Object`, the key and what follows. Throws {@link UsageError}. */
export function stateTarget(
  object: string,
  rest: readonly string[],
  key: string | undefined,
): { readonly target: KeyTarget; readonly rest: readonly string[] } {
  if (key !== undefined || object.includes("/")) return { target: keyTarget(object, key), rest };
  const [first, ...others] = rest;
  return { target: keyTarget(object, first), rest: others };
}

/** All pages of it. Throws {@link CommandError} if no such object is known. */
export async function stateOfKey(cli: Cli, { service, key }: KeyTarget): Promise<StoredState> {
  const admin = await cli.admin();
  const values: StoredValue[] = [];
  let version = "";
  let after: string | undefined;
  do {
    const page = await admin.fields("GET", path`/services/${service}/state/${key}`, { query: { after } });
    version = page.text("version");
    values.push(...page.objects("state").map(valueIn));
    after = page.optionalText("next");
  } while (after !== undefined);
  if (values.length === 0) await assertHasState(admin, service);
  return { service, key, version, values };
}

function valueIn(fields: AnswerFields): StoredValue {
  const [text, base64] = [fields.optionalText("value"), fields.optionalText("value_base64")];
  const encoded = base64 === undefined ? undefined : Buffer.from(base64, "base64");
  const content = text === undefined ? encoded : Buffer.from(text);
  return { name: fields.text("name"), bytes: fields.number("bytes"), content };
}

/** A key of an object that nobody knows has no state either. Throws {@link CommandError} that tells the two apart. */
export async function assertHasState(admin: AdminClient, service: string): Promise<void> {
  try {
    const { raw } = await admin.fields("GET", path`/services/${service}`);
    if (raw["ty"] === "Service")
      throw new CommandError(`${service} is a service, and services have no state`);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 404) throw error;
    const all = await admin.fields("GET", "/services");
    throw noServiceNamed(all.objects("services"), service, EXIT.nothing);
  }
}

const NONE = Symbol("no JSON");

/** Of a value: its JSON, or what it is instead. */
export interface ValueJson {
  readonly value?: unknown;
  readonly text?: string;
  readonly base64?: string;
  readonly omitted?: true;
}

export function valueJson(content: Uint8Array | undefined, isBinary = false): ValueJson {
  if (content === undefined) return { omitted: true };
  const text = isBinary ? undefined : utf8(content);
  if (text === undefined) return { base64: Buffer.from(content).toString("base64") };
  const parsed = parsedOr(text, NONE);
  return parsed === NONE ? { text } : { value: parsed };
}

/** On one line, for people. */
export function valueText({ bytes, content }: Omit<StoredValue, "name">): string {
  const { value, text, base64, omitted } = valueJson(content);
  if (omitted === true) return `(${bytes} bytes)`;
  return text ?? (base64 === undefined ? JSON.stringify(value) : `base64 ${base64}`);
}

/** Names and values as one object. `isBinary`: values in base64. Throws {@link CommandError} for what is no JSON otherwise. */
export function stateObject({ values }: Pick<StoredState, "values">, isBinary: boolean): object {
  return Object.fromEntries(
    values.map(({ name, bytes, content }) => {
      const { value, base64, text, omitted } = valueJson(content, isBinary);
      if (omitted === true) throw tooLong(name, bytes);
      if (isBinary) return [name, base64];
      if (text === undefined && base64 === undefined) return [name, value];
      throw new CommandError(`the value of ${name} is no JSON`, {
        advice: "Use --binary: it shows all values in base64.",
      });
    }),
  );
}

/** A change sends all values again, so all of them must be read. */
export const tooLong = (name: string, bytes: number): CommandError =>
  new CommandError(`the value of ${name} has ${bytes} bytes, which is too long to be read and sent again`);

/** The bytes of what {@link stateObject} has become. A value that is still the same keeps its bytes. Throws {@link UsageError}. */
export function contentsOf(
  object: unknown,
  before: Pick<StoredState, "values">,
  isBinary: boolean,
): ReadonlyMap<string, Uint8Array> {
  if (typeof object !== "object" || object === null || Array.isArray(object))
    throw new UsageError("a state is a JSON object of names and values");
  const kept = new Map(before.values.map(({ name, content }) => [name, content]));
  return new Map(
    Object.entries(object).map(([name, value]: [string, unknown]) => {
      const old = kept.get(name);
      if (isBinary) return [name, base64Bytes(name, value)];
      return old && isDeepStrictEqual(valueJson(old), { value })
        ? [name, old]
        : [name, Buffer.from(JSON.stringify(value))];
    }),
  );
}

function base64Bytes(name: string, value: unknown): Uint8Array {
  if (typeof value === "string" && /^[A-Za-z0-9+/]*={0,2}$/u.test(value)) return Buffer.from(value, "base64");
  throw new UsageError(`with --binary the value of ${name} must be a text in base64`);
}
