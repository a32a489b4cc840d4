/**
 * What `perdure dev` prints. Keys, names and messages may come from the network, so their control characters are shown and not
 * obeyed. What a handler prints itself is passed on as it is, as without the server.
 */
import { join, sep } from "node:path";
import { styleText } from "node:util";
import { NAMED_FILES_MAX, NAMED_MOVED_MAX } from "../lib/limits/cli.ts";
import type { ServiceManifest } from "../lib/model/manifest.ts";
import { shownDeploymentId, shownId } from "../lib/model/shown-id.ts";
import { escaped, readableLine } from "../lib/log/line.ts";
import { loggerOf } from "../lib/log/logger.ts";
import type { Logger, LogLevel } from "../lib/ports.ts";
import type { Deployed } from "../runtime/dev/deployer.ts";
import type { EngineEvent, Listening } from "../runtime/dev/engine.ts";
import type { FailedAttempt } from "../runtime/dev/events.ts";
import { PACKAGE_VERSION } from "../lib/version.ts";
import type { ProposedCall } from "./try-it/try-it.ts";
import type { ReadEnv } from "./dev-env.ts";
import { KEY_NAMES } from "./dev-keys.ts";
import { InvocationLines, type InvocationMode } from "./dev-lines.ts";
import type { Style } from "./output.ts";
import { targetText } from "../lib/model/target-text.ts";

interface Served {
  /** As they are shown. None: only what is registered is served. */
  readonly files: readonly string[];
  readonly dataPath: string;
  /** The file of variables that was read. */
  readonly env?: ReadEnv;
  readonly watch: boolean;
  /** Keys are heard. */
  readonly hasKeys?: boolean;
  /** From which level on the engine's own log is shown. */
  readonly least: LogLevel;
  /** What is said of invocations. */
  readonly mode: InvocationMode;
}

const LOG_STYLES: Readonly<Record<LogLevel, Style>> = {
  debug: "dim",
  info: "dim",
  warn: "yellow",
  error: "red",
};
/** So many first attempts of an invocation are all shown if they fail. */
const SHOWN_ATTEMPTS = 3;
const PACKAGE_ROOT = join(import.meta.dirname, "..");
const OWN_FOLDERS = ["sdk", "lib", "runtime"].map((folder) => join(PACKAGE_ROOT, folder) + sep);
const FRAME = /^ +at /u;
/** Node's own modules, and the module that a bundle begins with. */
const NOBODYS = ["node:internal", "<entry>"];
/** This much of a deployment's id tells it from others. */
const ID_CHARS = 10;
const short = (deployment: string): string => shownDeploymentId(deployment).slice(0, ID_CHARS);

const DEBUGGING =
  "    While it may be attached, a handler that blocks is not killed, and turns have no time limit.";

const FAILED = {
  compile: "does not compile",
  load: "cannot be loaded",
  deploy: "could not be deployed",
} as const;

export class DevConsole {
  readonly #served: Served;
  readonly #lines: InvocationLines;
  #ready = false;
  /** The time of day at which the code in service was deployed, as 10:31. */
  #deployedAt = "";

  constructor(served: Served) {
    this.#served = served;
    this.#lines = new InvocationLines({
      mode: served.mode,
      print: ({ stream, style, text, after }) =>
        process[stream].write(`${styled(style, text, stream)}${styled("dim", after, stream)}\n`),
    });
    // Nobody may read the output any more. That is not a reason to stop serving.
    for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  }

  /** What is served, as it is called in a sentence. */
  get #name(): string {
    const { files } = this.#served;
    return files.length <= NAMED_FILES_MAX ? escaped(files.join(", ")) : `${files.length} files`;
  }

  /** The engine's own log. */
  get logger(): Logger {
    return loggerOf({
      least: this.#served.least,
      format: readableLine,
      write: (line, level) => print("stderr", LOG_STYLES[level], line.trimEnd()),
      time: () => new Date().toTimeString().slice(0, "hh:mm:ss".length),
    });
  }

  report(event: EngineEvent): void {
    switch (event.kind) {
      case "output":
        return this.#output(event);
      case "deployed":
        return this.#deployed(event.deployed);
      case "build-failed": {
        if (!this.#ready) return;
        const failed = `${this.#name} ${FAILED[event.stage]} (above).`;
        const stays = `The code from ${this.#deployedAt} stays in service.`;
        return print("stderr", "red", `${withoutOwnFrames(event.message)}\n${failed} ${stays}`);
      }
      case "build-recovered":
        return print("stdout", "green", `${this.#name} compiles again and is in service.`);
      case "adopted":
        return this.#adopted(event);
      case "warning":
        return print("stderr", "yellow", `warning: ${escaped(event.message)}`);
      case "invocation":
        return this.#invocation(event);
      case "data-lost": {
        const { path, how } = event.file;
        const lost = `${escaped(path)} was ${how} while it was served.`;
        const what = "What was done since then is lost, so the server stops. Start it again to begin";
        return print("stderr", "red", `${lost} ${what} with what is there now.`);
      }
      case "resumed": {
        const { invocations, messages } = event;
        const left = `${count(invocations, "open invocation")} and ${count(messages, "message")}`;
        return print("stdout", "green", `continues what the last run left: ${left}`);
      }
    }
  }

  ready({ url, adminUrl, debuggerUrl, deployed }: Listening, call?: ProposedCall): void {
    this.#ready = true;
    const { files, dataPath, env, watch, hasKeys } = this.#served;
    const services = deployed?.services ?? [];
    const width = Math.max(...services.map(({ name }) => name.length)) + 2;
    const lines = [
      `${styled("bold", `perdure ${PACKAGE_VERSION}`)} ${files.length === 0 ? "serves registered deployments" : `serves ${this.#name}`}`,
      "",
      `  ingress  ${styled("cyan", url)}`,
      `  admin    ${styled("cyan", adminUrl)}`,
      `  ui       ${styled("cyan", `${adminUrl}/ui/`)}`,
      `  data     ${dataPath}`,
      ...(debuggerUrl === undefined
        ? []
        : [`  debug    ${styled("cyan", debuggerUrl)}`, styled("dim", DEBUGGING)]),
      ...(env ? [`  env      ${shownEnv(env)}`] : []),
      "",
      ...services.map(
        (service) => `  ${styled("bold", escaped(service.name).padEnd(width))}${describe(service)}`,
      ),
      ...(services.length > 0 ? [""] : []),
      ...(files.length === 0 ? howToRegister(adminUrl) : tryOut(url, adminUrl, call)),
      styled(
        "dim",
        `${watch && files.length > 0 ? "Reloads when the code changes. " : ""}Press Ctrl-C to stop. Invocations in flight continue at the next start.`,
      ),
      ...(hasKeys === true
        ? [styled("dim", `Keys: ${KEY_NAMES.map(([key, what]) => `${key} ${what}`).join(" · ")}`)]
        : []),
      "",
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
  }

  /** Somebody has pressed a key, and this has happened. */
  notice(text: string, stream: "stdout" | "stderr" = "stdout"): void {
    print(stream, stream === "stdout" ? "cyan" : "red", escaped(text));
  }

  help(): void {
    print("stdout", "dim", KEY_NAMES.map(([key, what]) => `  ${key}  ${what}`).join("\n"));
  }

  debugs(address: string): void {
    this.notice(`A debugger can attach: ${address}`);
    print("stdout", "dim", DEBUGGING);
  }

  restarting(): void {
    this.#ready = false;
    print("stdout", "dim", "restarting");
  }

  stopping(): void {
    print("stdout", "dim", "stopping (press Ctrl-C again to stop at once)");
  }

  #deployed({ deployment, services, warnings }: Deployed): void {
    for (const warning of warnings) print("stderr", "yellow", `warning: ${escaped(warning)}`);
    this.#deployedAt = new Date().toTimeString().slice(0, "10:31".length);
    if (!this.#ready) return;
    const names = services.map(({ name }) => name).join(", ");
    print("stdout", "green", `reloaded ${this.#name} as ${short(deployment)}: ${escaped(names)}`);
  }

  /** What had failed, on a reload. */
  #adopted({ moved, staying }: Extract<EngineEvent, { kind: "adopted" }>): void {
    if (moved.length > 0) {
      const named = moved.slice(0, NAMED_MOVED_MAX).map((each) => targetText(each.target));
      const more = moved.length > named.length ? ` and ${moved.length - named.length} more` : "";
      const go = moved.length === 1 ? "goes" : "go";
      print(
        "stdout",
        "green",
        `${escaped(named.join(", "))}${more} had failed, and ${go} on with the new code`,
      );
    }
    for (const { id, target, deployment, reason } of staying.slice(0, NAMED_MOVED_MAX)) {
      const stays = `${targetText(target)} stays on the old code ${short(deployment)}: ${reason}`;
      print("stderr", "yellow", `${escaped(firstSentences(stays))}  ${escaped(shownId(id))}`);
    }
    if (staying.length === 0) return;
    const more = staying.length - NAMED_MOVED_MAX;
    const others = more > 0 ? `${more} more stay there. ` : "";
    const how =
      "Restore what the new code no longer does and save, or end one and start it anew: perdure kill <id>, perdure restart <id>";
    print("stderr", "dim", `    ${others}${how}`);
  }

  #invocation({ event, details }: Extract<EngineEvent, { kind: "invocation" }>): void {
    if (event.kind !== "attempt-failed") this.#lines.report(event, details);
    else if (isShown(event.attempt, this.#served.mode) && this.#lines.isRoom(event))
      attemptFailed(event.attempt);
  }

  #output({ deployment, old, stream, line }: Extract<EngineEvent, { kind: "output" }>): void {
    const prefix = old ? `${short(deployment)} (old) | ` : "| ";
    process[stream].write(`${styled("dim", prefix, stream)}${line}\n`);
  }
}

/** The first attempts are, and then fewer and fewer, since a handler may be tried for days. */
function isShown({ count: attempt }: FailedAttempt, mode: InvocationMode): boolean {
  const isPowerOfTwo = (attempt & (attempt - 1)) === 0;
  return mode === "verbose" || attempt <= SHOWN_ATTEMPTS || isPowerOfTwo;
}

function attemptFailed({
  target,
  count: attempt,
  message,
  stack,
  operation,
  invocation,
  oldCode,
}: FailedAttempt): void {
  const where = operation === undefined ? "" : ` in ${operation}`;
  const on = oldCode === undefined ? "" : ` on the old code ${short(oldCode)}`;
  const [first = message] = message.split("\n");
  print("stderr", "red", escaped(`${targetText(target)} failed${where}${on}, attempt ${attempt}: ${first}`));
  const frames = attempt === 1 && stack !== undefined ? usersFrames(stack) : [];
  print("stderr", "dim", [...frames.map(escaped), `    of ${escaped(shownId(invocation))}`].join("\n"));
}

/** What is wrong, without the advice that comes behind it. */
const firstSentences = (text: string): string => text.split(/\. (?=[A-Z])/u)[0] ?? text;

/** The lines of a stack in the user's code: not in this package, and not in Node. */
function usersFrames(stack: string): readonly string[] {
  return stack.split("\n").filter((line) => FRAME.test(line) && !isOwnFrame(line));
}

/** A text that may contain a stack, without the stack's lines outside the user's code. */
export const withoutOwnFrames = (text: string): string =>
  text
    .split("\n")
    .filter((line) => !(FRAME.test(line) && isOwnFrame(line)))
    .join("\n");

const isOwnFrame = (line: string): boolean =>
  NOBODYS.some((place) => line.includes(place)) || OWN_FOLDERS.some((folder) => line.includes(folder));

function shownEnv({ shownPath, set, kept }: ReadEnv): string {
  const stay = kept.length === 0 ? "" : `; set before, and kept: ${kept.join(", ")}`;
  return escaped(`${count(set, "variable")} of ${shownPath}${stay}`);
}

function describe({ type, handlers }: ServiceManifest): string {
  const names = handlers.map(({ name, kind, ingressPrivate }) => {
    const notes = [...(kind === "shared" ? ["shared"] : []), ...(ingressPrivate === true ? ["private"] : [])];
    const shown = escaped(name);
    return notes.length === 0 ? shown : `${shown} ${styled("dim", `(${notes.join(", ")})`)}`;
  });
  return `${styled("dim", type.padEnd("workflow".length))}  ${names.join(", ")}`;
}

/** Of the admin API: commands find it there. */
const DEFAULT_PORT = "9070";
const howToRegister = (adminUrl: string): readonly string[] => [
  "  Register a process that serves its handlers:",
  `    perdure deployments register http://localhost:9080${URL.parse(adminUrl)?.port === DEFAULT_PORT ? "" : ` --url ${adminUrl}`}`,
  "",
];

/** A call whose input the handler has taken; without one, the page where calls are made. */
function tryOut(url: string, adminUrl: string, call: ProposedCall | undefined): readonly string[] {
  if (!call) return [`  Try it: ${styled("cyan", `${adminUrl}/ui/playground`)}`, ""];
  // As a shell takes it.
  const body = call.json === undefined ? " -X POST" : ` --json '${call.json.replaceAll("'", "'\\''")}'`;
  return ["  Try it:", `    curl ${url}/${call.path}${escaped(body)}`, ""];
}

function print(stream: "stdout" | "stderr", style: Style, text: string): void {
  process[stream].write(`${styled(style, text, stream)}\n`);
}

const styled = (style: Style, text: string, stream: "stdout" | "stderr" = "stdout"): string =>
  styleText(style, text, { stream: process[stream] });

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
