/**
 * Node ends a parent whose child sends some messages: those that Node itself uses (`{cmd: "NODE_HANDLE_ACK"}` that answers
 * nothing), and bytes that are no message at all. A handler's process can send either. Here such a message ends at most
 * that process.
 */
import type { ChildProcess } from "node:child_process";

/** Node's own end of the pipe. It has no public name. */
interface Pipe {
  onread: (...chunk: unknown[]) => unknown;
}
const PIPE = "kChannelHandle";

/** `damaged`: the pipe cannot be read any more. Called once. */
export function guardIpc(child: ChildProcess, damaged: () => void): void {
  guardInternalMessages(child);
  guardPipe(child, damaged);
}

function guardInternalMessages(child: ChildProcess): void {
  for (const listener of child.listeners("internalMessage")) {
    child.removeListener("internalMessage", listener as () => void);
    child.on("internalMessage", (...message: unknown[]) => {
      try {
        Reflect.apply(listener, child, message);
      } catch {
        // It answers nothing that was asked, or names what Node does not know.
      }
    });
  }
}

/** In a version of Node that keeps the pipe elsewhere, this does nothing. */
function guardPipe(child: ChildProcess, damaged: () => void): void {
  const symbol = Object.getOwnPropertySymbols(child).find(({ description }) => description === PIPE);
  const pipe = symbol === undefined ? undefined : (Reflect.get(child, symbol) as Partial<Pipe> | null);
  const read = pipe?.onread;
  if (!pipe || typeof read !== "function") return;
  let isDamaged = false;
  pipe.onread = (...chunk) => {
    if (isDamaged) return undefined;
    try {
      return Reflect.apply(read, pipe, chunk);
    } catch {
      isDamaged = true;
      damaged();
      return undefined;
    }
  };
}
