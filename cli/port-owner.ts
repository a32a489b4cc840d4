/** Which process listens on a port of this machine, where the system says so: for an error that names it. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { COMMAND_CHARS_MAX, PORTS_TRIED_MAX } from "../lib/limits/cli.ts";
import { PORT_MAX } from "./config/server-setting.ts";

/** Of a socket that listens, in /proc/net/tcp. */
const LISTENS = "0A";

/** `node (pid 4711)`. `undefined`: nobody says. */
export function ownerOf(port: number): string | undefined {
  try {
    const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listenersIn(table, port)));
    if (inodes.size === 0) return undefined;
    const pid = readdirSync("/proc")
      .filter((name) => /^\d+$/u.test(name))
      .find((name) => holdsOne(name, inodes));
    return pid === undefined ? undefined : `${commandOf(pid)} (pid ${pid})`;
  } catch {
    return undefined;
  }
}

function listenersIn(table: string, port: number): readonly string[] {
  const lines = readFileSync(table, "utf8").split("\n").slice(1);
  return lines.flatMap((line) => {
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/u);
    const isIt = state === LISTENS && Number.parseInt(local.split(":")[1] ?? "", 16) === port;
    return isIt && inode !== undefined ? [inode] : [];
  });
}

/** Other users' processes do not say what they hold. */
function holdsOne(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const inode = /^socket:\[(\d+)\]$/u.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    });
  } catch {
    return false;
  }
}

function commandOf(pid: string): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, "utf8")
    .split("\0")
    .filter((word) => word !== "");
  const text = words.join(" ");
  return text.length > COMMAND_CHARS_MAX ? `${text.slice(0, COMMAND_CHARS_MAX)}…` : text;
}

/** The next port above it that is free now. `undefined`: none of the next ones. */
export async function nextFreePort(port: number, host: string): Promise<number | undefined> {
  for (let next = port + 1; next <= Math.min(port + PORTS_TRIED_MAX, PORT_MAX); next++)
    if (await isFree(next, host)) return next;
  return undefined;
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
