/** A JSON Patch (RFC 6902), applied to the object of a state's names and values. */
import type { Operation } from "rfc6902";
import { CommandError } from "../exit.ts";

/** Throws {@link CommandError} for the first operation that cannot be done. The object stays as it is. */
export async function patched(object: object, operations: readonly Operation[]): Promise<unknown> {
  const { applyPatch } = await import("rfc6902");
  // An operation at the path "" replaces the whole, so the whole is a field of something.
  const holder = { state: structuredClone(object) };
  for (const [index, operation] of operations.entries()) {
    const failure = failureOf(() => applyPatch(holder, [inside(operation)]));
    if (failure === undefined) continue;
    throw new CommandError(
      `operation ${index + 1} of the patch cannot be done, so nothing was changed: ${failure}`,
    );
  }
  return holder.state;
}

/** The library returns errors, and throws for what is no operation at all. */
function failureOf(apply: () => readonly (Error | null)[]): string | undefined {
  try {
    return apply()[0]?.message;
  } catch (error) {
    return (error as Error).message;
  }
}

function inside(operation: Operation): Operation {
  const at = (pointer: string): string => `/state${pointer}`;
  const moved = { ...operation, path: at(operation.path) };
  return "from" in operation ? ({ ...moved, from: at(operation.from) } as Operation) : moved;
}
