/**
 * What a file serves without saying so by its default export. Under `perdure dev` nothing needs to listen: the engine runs
 * the file's code itself, so what would serve there is told to it instead.
 */
import type { Served } from "../endpoint.ts";

/** Set by the process that runs a file for the local engine. */
const COLLECTOR = Symbol.for("perdure.collector");
type Collector = (served: Served) => void;

/** `false`: this process has to serve by itself. */
export function collect(served: Served): boolean {
  const collector = (globalThis as { [COLLECTOR]?: Collector })[COLLECTOR];
  collector?.(served);
  return collector !== undefined;
}
