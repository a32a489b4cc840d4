/** `ctx.console`: says who speaks, and is silent while the handler only repeats what it has said before. */
import { Console } from "node:console";
import { Writable } from "node:stream";
import type { InvocationRequest } from "../context.ts";

/** Anything that knows whether it is replaying. */
interface Replaying {
  readonly replaying: boolean;
}

export function replayAwareConsole(
  turn: Replaying,
  { id, target }: Pick<InvocationRequest, "id" | "target">,
): Console {
  const { service, key, handler } = target;
  const prefix = `[${service}${key === undefined ? "" : `/${key}`}/${handler}][${id}] `;
  const to = (stream: NodeJS.WriteStream): Writable =>
    new Writable({
      decodeStrings: false,
      write(chunk: unknown, _encoding, done) {
        if (!turn.replaying) stream.write(prefix + String(chunk));
        done();
      },
    });
  return new Console({ stdout: to(process.stdout), stderr: to(process.stderr) });
}
