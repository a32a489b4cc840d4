/** A copy of a deployment's tables as a place to ask: commands take it for a server (docs/decisions/0038-exports.md). */
import { existsSync } from "node:fs";
import { loggerOf } from "../../lib/log/logger.ts";
import { readableLine } from "../../lib/log/line.ts";
import { ExportedData } from "../../runtime/dev/exported-data.ts";
import type { Door, DoorAnswer, DoorRequest } from "../door.ts";
import { CommandError } from "../exit.ts";

export class ExportDoor implements Door {
  readonly address: string;
  readonly #data: ExportedData;

  constructor(file: string, data: ExportedData) {
    this.address = file;
    this.#data = data;
  }

  async send({ method, path, headers = {}, body = "" }: DoorRequest): Promise<DoorAnswer> {
    const [pathname = "/", ...query] = path.split("?");
    const answer = await this.#data.ask({
      ...{ method, path: pathname, headers, query: new URLSearchParams(query.join("?")) },
      body: typeof body === "string" ? new TextEncoder().encode(body) : body,
    });
    return { status: answer.status, headers: answer.headers, body: answer.body };
  }

  close(): void {
    this.#data.close();
  }
}

/** What `--export` has made. Throws {@link CommandError} if there is no such file. */
export function openExport(file: string): ExportDoor {
  if (!existsSync(file)) throw new CommandError(`there is no file ${file}`);
  return new ExportDoor(file, dataIn(file));
}

export const dataIn = (file: string): ExportedData =>
  new ExportedData(
    file,
    loggerOf({
      ...{ least: "error", format: readableLine },
      write: (line) => void process.stderr.write(line),
      time: () => new Date().toISOString(),
    }),
  );
