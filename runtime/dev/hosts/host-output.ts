/** What a host process prints: whole lines for the user, and the end of its error output, which may say why it crashed. */
import type { ChildProcess } from "node:child_process";
import { ERROR_TAIL_CHARS_MAX, OUTPUT_LINE_CHARS_MAX } from "../../../lib/limits/local.ts";

/** What V8 prints when the heap is full. */
const HEAP_FULL = /heap out of memory|Allocation failed/u;

export class HostOutput {
  #errorTail = "";

  constructor(child: ChildProcess, line: (stream: "stdout" | "stderr", line: string) => void) {
    for (const stream of ["stdout", "stderr"] as const) {
      const lines = new LineSplitter((text) => line(stream, text));
      const source = child[stream];
      source?.setEncoding("utf8");
      source?.on("data", (text: string) => {
        if (stream === "stderr") this.#errorTail = (this.#errorTail + text).slice(-ERROR_TAIL_CHARS_MAX);
        lines.push(text);
      });
      source?.on("close", () => lines.end());
    }
  }

  get saysHeapFull(): boolean {
    return HEAP_FULL.test(this.#errorTail);
  }
}

/** Makes whole lines of text that comes in pieces. */
export class LineSplitter {
  readonly #line: (line: string) => void;
  #rest = "";

  constructor(line: (line: string) => void) {
    this.#line = line;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
    if (this.#rest.length > OUTPUT_LINE_CHARS_MAX) this.end();
  }

  end(): void {
    if (this.#rest !== "") this.#line(this.#rest);
    this.#rest = "";
  }
}
