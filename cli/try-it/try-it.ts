/**
 * The call that `perdure dev` proposes: of a handler whose input is known, by its schema or by its type. The handler's own serde has
 * taken the input before the call is printed. The handler itself is not run: that would do what nobody has asked for.
 */
import { readFileSync, statSync } from "node:fs";
import { SOURCE_FILE_BYTES_MAX } from "../../lib/limits/local.ts";
import type { HandlerManifest, ServiceManifest } from "../../lib/model/manifest.ts";
import type { Target } from "../../lib/model/message.ts";
import { sampleOfSchema } from "./from-schema.ts";
import { sampleOfTypes } from "./from-types.ts";

/** Whether the handler takes these bytes as its input. */
export type Takes = (target: Target, input: Uint8Array) => Promise<boolean>;

export interface ProposedCall {
  readonly path: string;
  /** Absent: it takes no input. */
  readonly json?: string;
}

/**
 * `files`: whose texts say types. `undefined`: no handler's input is known, or none is taken, or nobody can be asked: the process of the
 * handlers may end by what it runs already. The server goes on without a proposal.
 */
export async function proposedCall(
  services: readonly ServiceManifest[],
  files: readonly string[],
  takes: Takes,
): Promise<ProposedCall | undefined> {
  return await firstTaken(services, files, takes).catch(() => undefined);
}

async function firstTaken(
  services: readonly ServiceManifest[],
  files: readonly string[],
  takes: Takes,
): Promise<ProposedCall | undefined> {
  let texts: readonly string[] | undefined;
  const sources = (): readonly string[] => (texts ??= files.map(textOf));
  for (const service of services) {
    if (service.ingressPrivate === true) continue;
    for (const handler of service.handlers) {
      if (handler.ingressPrivate === true) continue;
      const input = inputOf(handler, sources);
      if (input && (await takes(targetOf(service, handler), bytesOf(input.json))))
        return { path: pathOf(service, handler), ...input };
    }
  }
  return undefined;
}

function inputOf(
  { name, inputJsonSchema }: HandlerManifest,
  sources: () => readonly string[],
): { readonly json?: string } | undefined {
  const schema = sampleOfSchema(inputJsonSchema);
  if (schema !== undefined) return { json: JSON.stringify(schema) };
  const typed = sampleOfTypes(sources(), name);
  if (typed?.kind === "value") return { json: JSON.stringify(typed.value) };
  return typed?.kind === "none" ? {} : undefined;
}

const KEY = "my-key";
const targetOf = ({ name, type }: ServiceManifest, handler: HandlerManifest): Target => ({
  ...{ service: name, handler: handler.name },
  ...(type === "service" ? {} : { key: KEY }),
});
const pathOf = ({ name, type }: ServiceManifest, handler: HandlerManifest): string =>
  [name, ...(type === "service" ? [] : [KEY]), handler.name].map(encodeURIComponent).join("/");

const bytesOf = (json = ""): Uint8Array => new TextEncoder().encode(json);

function textOf(file: string): string {
  try {
    return statSync(file).size > SOURCE_FILE_BYTES_MAX ? "" : readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
