/** The keys of `perdure dev`, in a terminal. */
import { readFileSync } from "node:fs";
import { emitKeypressEvents } from "node:readline";

export type Key = "open" | "crash" | "skip" | "inspect" | "restart" | "help" | "quit";

const KEYS: Readonly<Record<string, Key>> = {
  ...{ o: "open", c: "crash", t: "skip", i: "inspect", r: "restart", "?": "help", h: "help", q: "quit" },
};

/** As they are explained. */
export const KEY_NAMES: readonly (readonly [key: string, what: string])[] = [
  ["o", "open UI"],
  ["c", "crash handlers now"],
  ["t", "skip time"],
  ["i", "inspect"],
  ["r", "restart"],
  ["?", "help"],
  ["q", "quit"],
];

/** A job in the background must not touch the terminal: the system would stop it. */
export const hearsKeys = (): boolean => process.stdin.isTTY && process.stdout.isTTY && isInForeground();

/** Where the system says so; else it is taken for granted. */
function isInForeground(): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return group === foreground;
  } catch {
    return true;
  }
}

/** Calls back with each key. In a terminal alone. */
export function onKeys(press: (key: Key) => void): void {
  if (!hearsKeys()) return;
  const { stdin } = process;
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  // As the shell expects it, however the process ends.
  process.on("exit", () => stdin.setRawMode(false));
  process.on("SIGCONT", () => stdin.setRawMode(true));
  stdin.on(
    "keypress",
    (text: string | undefined, key: { readonly name?: string; readonly ctrl?: boolean }) => {
      if (key.ctrl === true && key.name === "c") process.kill(process.pid, "SIGINT");
      else if (key.ctrl === true && key.name === "z") {
        stdin.setRawMode(false);
        process.kill(process.pid, "SIGTSTP");
      } else if (key.ctrl !== true) {
        const meant = KEYS[text ?? ""];
        if (meant !== undefined) press(meant);
        else if (text === "\r") process.stdout.write("\n");
      }
    },
  );
}
