/** An older version's parts, from its bundle, as a side of the simulator. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import type { accept } from "../../lib/store/admission.ts";
import type { outgoing, sendAll } from "../../lib/store/send.ts";
import type { ItemRegistry } from "../../lib/store/registry.ts";
import { FunctionError, OperationalError } from "../../lib/errors.ts";
import { encodeNote } from "../../lib/model/entry.ts";
import type { Dispatcher } from "../../runtime/dispatcher/dispatcher.ts";
import type { Reconciler } from "../../runtime/reconciler/reconciler.ts";
import { definitions, type Sdk } from "../sim/interpreter.ts";
import { type Control, exchangeOf, type Ports, type Side } from "../sim/side.ts";

/** What make-parts.ts has bundled. The types are today's: where an older version differs, this file says so. */
interface Parts {
  readonly sdk: Sdk;
  readonly Dispatcher: typeof Dispatcher;
  readonly Reconciler: typeof Reconciler;
  readonly ItemRegistry: typeof ItemRegistry;
  readonly OperationalError: typeof OperationalError;
  readonly FunctionError: typeof FunctionError;
  readonly accept: typeof accept;
  readonly outgoing: typeof outgoing;
  readonly sendAll: typeof sendAll;
  readonly control: Record<string, Control["kill"]>;
}

async function partsOf(name: string): Promise<Parts> {
  const folder = mkdtempSync(join(tmpdir(), "perdure-parts-"));
  try {
    const path = join(folder, `${name}.mjs`);
    writeFileSync(path, brotliDecompressSync(readFileSync(join(import.meta.dirname, `${name}.mjs.br`))));
    return (await import(pathToFileURL(path).href)) as Parts;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export async function olderSide(name: string): Promise<Side> {
  const parts = await partsOf(name);
  /** The version knows errors by its own classes. */
  const theirs = (error: unknown): unknown => {
    if (error instanceof OperationalError) return new parts.OperationalError(error.code, error.message);
    if (error instanceof FunctionError) return new parts.FunctionError(error.code, error.message);
    return error;
  };
  const ours = (error: unknown): unknown =>
    error instanceof parts.OperationalError ? new OperationalError(error.code, error.message) : error;
  const seenBy = <P extends object>(ports: P): P => {
    const seen = Object.entries(ports).map(([port, held]) => [port, translated(held as object, theirs)]);
    return Object.fromEntries(seen) as P;
  };
  const withRegistry = <P extends Ports>(ports: P): P => {
    const seen = seenBy(ports);
    return { ...seen, registry: new parts.ItemRegistry(seen.items, seen.clock) };
  };
  const asked = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw ours(error);
    }
  };
  return {
    name,
    dispatcher: (ports) => new parts.Dispatcher(withRegistry(ports as typeof ports & Ports)),
    endpoint: (stage) => {
      const served = parts.sdk.createEndpoint(definitions({ ...stage, sdk: parts.sdk }));
      return {
        discover: () => served.discover(),
        runTurn: async (request, ports) => await served.runTurn(request, seenBy(ports)),
      };
    },
    accept: async (ports, request) => await asked(() => parts.accept(seenBy(ports), request)),
    notify: async (ports, notify, cause) => {
      // It sends a note as it has it: in its stored form.
      const message = { ...notify, note: encodeNote(notify.note) as never };
      await asked(() => parts.sendAll(seenBy(ports).mailbox, [parts.outgoing(message, cause)]));
    },
    operate: async (ports, does, id) => {
      const control = parts.control[`${does}Invocation`];
      await asked(async () => await control?.(exchangeOf(withRegistry(ports)), id)).catch(unreadable);
    },
    // A later version's pass goes on behind it.
    reconcile: async (ports) => {
      const pass = asked(() => new parts.Reconciler(withRegistry(ports)).run());
      return (await pass.catch(unreadable)) ?? { poked: 0 };
    },
  };
}

/** A head that it cannot read ends an operator's request (500) and the reconciler's pass. */
function unreadable(error: unknown): undefined {
  if (error instanceof TypeError) return undefined;
  throw error;
}

/** A port whose promises are rejected with other errors. */
function translated<P extends object>(port: P, translate: (error: unknown) => unknown): P {
  return new Proxy(port, {
    get(target, name) {
      const held: unknown = Reflect.get(target, name, target);
      if (typeof held !== "function") return held;
      return (...given: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(held, target, given);
        if (!(answer instanceof Promise)) return answer;
        return answer.catch((error: unknown) => {
          throw translate(error);
        });
      };
    },
  });
}
