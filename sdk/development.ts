/** Whether this process runs handlers for a server for development, which has time to look more closely. */
const DEVELOPMENT = Symbol.for("perdure.development");

/** Set by the process that runs a file for the local engine (runtime/dev/hosts/host-script.ts). */
export const isDevelopment = (): boolean => DEVELOPMENT in globalThis;
