/**
 * Ends host processes whose engine was killed. A host leaves by itself when the pipe to its engine closes, unless a
 * handler spins: then nothing in it runs. So a shell of a megabyte waits for the engine's end, which it sees as the end of
 * its input, and kills what is left. On Windows the system does that for us.
 */
import { type ChildProcess, spawn } from "node:child_process";

const SCRIPT = `
trap '' INT TERM HUP
pids=
while read -r change pid; do
  case $change in
    add) pids="$pids $pid" ;;
    drop) kept=; for one in $pids; do [ "$one" = "$pid" ] || kept="$kept $one"; done; pids=$kept ;;
  esac
done
[ -z "$pids" ] || kill -9 $pids 2>/dev/null
`;

export class Reaper {
  #shell: ChildProcess | undefined;

  add(pid: number): void {
    this.#tell(`add ${pid}\n`);
  }

  drop(pid: number): void {
    this.#tell(`drop ${pid}\n`);
  }

  stop(): void {
    this.#shell?.stdin?.end();
    this.#shell = undefined;
  }

  #tell(line: string): void {
    if (process.platform === "win32") return;
    this.#shell ??= startShell();
    this.#shell.stdin?.write(line);
  }
}

function startShell(): ChildProcess {
  const shell = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"] });
  // Without it a spinning host may outlive a killed engine; nothing else depends on it.
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  shell.unref();
  return shell;
}
