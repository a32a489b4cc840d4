/** Questions with a default answer, on a terminal. */
import { createInterface } from "node:readline/promises";
import { ANSWERS_MAX } from "../../lib/limits/cli.ts";
import { CommandError, EXIT } from "../exit.ts";
import { didYouMean } from "../suggest.ts";

export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

interface Choice {
  readonly name: string;
  readonly about: string;
}

export class Questions {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** An empty answer is the default. Throws {@link CommandError} at Ctrl-C, and at the end of the input. */
  async text(question: string, preset: string): Promise<string> {
    const ended = new AbortController();
    const lines = createInterface(this.#terminal);
    lines.once("SIGINT", () => ended.abort());
    lines.once("close", () => ended.abort());
    try {
      const answer = await lines.question(`${question} (${preset}) `, { signal: ended.signal });
      return answer.trim() === "" ? preset : answer.trim();
    } catch (error) {
      if (!ended.signal.aborted) throw error;
      this.#terminal.output.write("\n");
      throw new CommandError("nothing was made", { exitCode: EXIT.interrupted });
    } finally {
      lines.close();
    }
  }

  async isYes(question: string): Promise<boolean> {
    for (let tries = 0; tries < ANSWERS_MAX; tries++) {
      const answer = (await this.text(question, "yes")).toLowerCase();
      if (["y", "yes"].includes(answer)) return true;
      if (["n", "no"].includes(answer)) return false;
      this.#terminal.output.write(`Say yes or no, not "${answer}".\n`);
    }
    throw new CommandError("nothing was made: no answer was yes or no");
  }

  /** By its number or its name. The first is the default. */
  async choice<C extends Choice>(question: string, choices: readonly [C, ...C[]]): Promise<C> {
    const width = Math.max(...choices.map(({ name }) => name.length));
    for (const [index, { name, about }] of choices.entries())
      this.#terminal.output.write(`  ${index + 1} ${name.padEnd(width)}  ${about}\n`);
    for (let tries = 0; tries < ANSWERS_MAX; tries++) {
      const answer = await this.text(question, choices[0].name);
      const chosen = choices[Number(answer) - 1] ?? choices.find(({ name }) => name === answer);
      if (chosen) return chosen;
      const names = choices.map(({ name }) => name);
      this.#terminal.output.write(
        `"${answer}" is none of ${names.join(", ")}.${didYouMean(answer, names)}\n`,
      );
    }
    throw new CommandError("nothing was made: no answer was one of the choices");
  }
}
