/**
 * What a command prints: its data to stdout, everything else to stderr.
 *
 * With `--json` data is one JSON document, with `--jsonl` a document a line: docs/cli.md has their fields. Colours, a spinner and
 * questions are for terminals alone. Texts come from the network, so what a terminal would obey is shown and not obeyed.
 */
import { styleText } from "node:util";
import { escaped } from "../lib/log/line.ts";
import { fitted, type Column } from "./table.ts";
import { shownTime, type TimeFormat, timeOf } from "./time.ts";

export type Style = Parameters<typeof styleText>[0];
export type Format = "text" | "json" | "jsonl";

export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export interface OutputOptions {
  readonly format: Format;
  /** Warnings and errors alone on stderr. */
  readonly quiet: boolean;
  /** Each request as well. */
  readonly verbose: boolean;
  /** Every column, and nothing cut. */
  readonly wide: boolean;
  readonly timeFormat?: TimeFormat;
}

export interface List<T> {
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  /** What `--json` shows of a row. */
  readonly json: (row: T) => unknown;
  /** What is said, on stderr, if there are no rows. */
  readonly empty: string;
}

export class Output {
  readonly format: Format;
  readonly wide: boolean;
  readonly #timeFormat: TimeFormat;
  readonly #streams: Streams;
  readonly #quiet: boolean;
  readonly #verbose: boolean;

  constructor(
    { format, quiet, verbose, wide, timeFormat = "human" }: OutputOptions,
    streams: Streams = process,
  ) {
    this.format = format;
    this.wide = wide;
    this.#timeFormat = timeFormat;
    this.#quiet = quiet;
    this.#verbose = verbose;
    this.#streams = streams;
  }

  /** Whether somebody reads along, and can be asked. */
  get isTerminal(): boolean {
    return this.format === "text" && this.#streams.stdout.isTTY && this.#streams.stderr.isTTY;
  }

  /** In a colour, if stdout takes colours. */
  styled(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#streams.stdout });
  }

  /** A time, as `--time-format` says. What is no time is shown as it is. */
  time(at: number | string): string {
    const atMs = typeof at === "number" ? at : timeOf(at);
    return atMs === undefined ? safe(String(at)) : shownTime(atMs, this.#timeFormat);
  }

  /** A table, a JSON array, or a line of JSON for each row. */
  async list<T>({ rows, columns, json, empty }: List<T>): Promise<void> {
    if (this.format === "json") return await this.#json(rows.map(json));
    if (this.format === "jsonl") return await this.lines(rows.map((row) => JSON.stringify(json(row))));
    if (rows.length === 0) return this.note(empty);
    await this.lines(this.table(rows, columns));
  }

  /** The lines of a table that fits the terminal. */
  table<T>(rows: readonly T[], columns: readonly Column<T>[]): string[] {
    // A terminal that does not say how wide it is says 0.
    const width = this.wide ? undefined : this.#streams.stdout.columns || undefined;
    return fitted(rows, columns, { width, header: (text) => this.styled("bold", text) }).split("\n");
  }

  /** One thing: its JSON, or lines to read. `json` may be read a second time, so it is data. */
  async show(json: unknown, text: () => readonly string[]): Promise<void> {
    if (this.format === "text") return await this.lines(text());
    if (this.format === "jsonl") return await this.lines([JSON.stringify(json)]);
    await this.#json(json);
  }

  /** Lines of data. They are safe to be shown: texts from elsewhere have gone through {@link safe}. */
  async lines(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.bytes(`${lines.join("\n")}\n`);
  }

  /** Data as it is. Waits until a slow reader has taken it. */
  async bytes(data: string | Uint8Array): Promise<void> {
    if (!this.#streams.stdout.write(data)) {
      await new Promise<void>((done) => void this.#streams.stdout.once("drain", done));
    }
  }

  /** For people: what was done, a hint. Not with `--quiet`. */
  note(text: string): void {
    if (!this.#quiet) this.#streams.stderr.write(`${safe(text)}\n`);
  }

  warn(text: string): void {
    const label = styleText("yellow", "warning:", { stream: this.#streams.stderr });
    this.#streams.stderr.write(`${label} ${safe(text)}\n`);
  }

  /** With `--verbose` alone. */
  trace(text: string): void {
    if (this.#verbose) this.#streams.stderr.write(`${safe(text)}\n`);
  }

  /** How far long work is, on one line that is written over. Only on a terminal. */
  progress(text: string): void {
    if (this.isTerminal && !this.#quiet) this.#streams.stderr.write(`\r\u001B[2K${safe(text)}`);
  }

  /** Takes the line of {@link progress} away. */
  progressDone(): void {
    if (this.isTerminal && !this.#quiet) this.#streams.stderr.write("\r\u001B[2K");
  }

  async #json(value: unknown): Promise<void> {
    await this.lines([JSON.stringify(value, undefined, 2)]);
  }
}

/** The text with its lines, but without what a terminal obeys. */
export const safe = (text: string): string => text.split("\n").map(escaped).join("\n");
