/**
 * Ends host processes whose engine was killed. A host process ends by itself when the pipe to its engine closes. But if a
 * handler spins, nothing else in the process runs. So a shell of one megabyte waits until its input ends, which happens
 * when the engine does, and then kills the processes that are left. On Windows the system does that itself.
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

export class OrphanKiller {
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
  // Without the shell a spinning host may outlive a killed engine. Nothing else depends on it.
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  shell.unref();
  return shell;
}
