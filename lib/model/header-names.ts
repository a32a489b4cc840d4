/**
 * Names among an invocation's headers that no header of HTTP can have. What they hold is the engine's: every version of it carries
 * headers along as they are, from the message to the head and back (docs/decisions/0024-secrets-and-capabilities.md).
 */

/** What the ingress has verified of the caller, in JSON. */
export const CALLER = ":caller";
/** See lib/model/seal.ts. */
export const SEAL = ":seal";

/** The name of the value that holds all headers but the seal (lib/model/headers-value.ts). */
export const HEADERS_AT = ":at";

/** Whether it is one of the engine's. Nobody else may give such a name. */
export const isReservedHeader = (name: string): boolean => name.startsWith(":");

/** The headers that people and handlers see. */
export const shownHeaders = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !isReservedHeader(name)));
