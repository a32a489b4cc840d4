/** Longest line that is held back for its end. */
const LINE_CHARS_MAX = 8_000;

/** Text in pieces, to whole lines. */
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
    if (this.#rest.length > LINE_CHARS_MAX) this.end();
  }

  end(): void {
    if (this.#rest !== "") this.#line(this.#rest);
    this.#rest = "";
  }
}
