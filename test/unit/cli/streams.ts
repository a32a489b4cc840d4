/** stdout and stderr of a command that runs in this process, kept as text. */
import { Writable } from "node:stream";
import type { Streams } from "../../../cli/output.ts";

export interface FakeStreams extends Streams {
  text(): { readonly stdout: string; readonly stderr: string };
}

export function fakeStreams(terminal?: { readonly columns: number }): FakeStreams {
  const [stdout, stderr] = [kept(terminal), kept(terminal)];
  return {
    stdout: stdout.stream,
    stderr: stderr.stream,
    text: () => ({ stdout: stdout.text(), stderr: stderr.text() }),
  };
}

function kept(terminal?: { readonly columns: number }) {
  let text = "";
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: unknown, _encoding, done) => {
      text += String(chunk);
      done();
    },
  });
  Object.assign(stream, { isTTY: terminal !== undefined, columns: terminal?.columns });
  // What a command uses of a terminal's stream is set above.
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
}
