/** Recorded journals from files, and from the admin API. */
import { readFileSync } from "node:fs";
import { CLI_RECORDED_PARTS_MAX, CLI_REQUESTS_AT_ONCE } from "../../lib/limits/cli-invocations.ts";
import { eachAtOnce } from "../../lib/at-once.ts";
import { asError } from "../../lib/errors.ts";
import {
  encodeRecorded,
  parsePart,
  parseRecorded,
  type RecordedItem,
  type RecordedJournal,
} from "../../lib/model/recorded-journal.ts";
import { type AdminClient, path, Refusal, refusalOf } from "../admin-client.ts";
import { CommandError } from "../exit.ts";

/** Of a file with a journal a line. Throws {@link CommandError} that names the line. */
export function journalsIn(file: string): readonly RecordedJournal[] {
  const lines = textOf(file).split("\n");
  return lines.flatMap((line, at) => {
    if (line.trim() === "") return [];
    try {
      return [parseRecorded(line)];
    } catch (error) {
      throw new CommandError(`${file}:${at + 1}: ${asError(error).message}`, {
        advice: "`perdure invocations export inv_… --replayable` makes one.",
      });
    }
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${asError(error).message}`);
  }
}

export async function recordedBy(admin: AdminClient, id: string): Promise<RecordedJournal> {
  const items: RecordedItem[] = [];
  let after: string | undefined;
  for (let part = 0; part < CLI_RECORDED_PARTS_MAX; part++) {
    const answer = await admin.raw("GET", path`/invocations/${id}/recorded-journal`, { query: { after } });
    if (answer.status >= 400) throw refusalOf(answer);
    const { id: found, items: more, next } = parsePart(new TextDecoder().decode(answer.body));
    items.push(...more);
    if (next === undefined) return { id: found, items };
    after = next;
  }
  throw new CommandError(`the journal of ${id} has more than ${CLI_RECORDED_PARTS_MAX} parts`);
}

/** In the order of the ids. One that has ended and is gone meanwhile is left out. */
export async function allRecordedBy(
  admin: AdminClient,
  ids: readonly string[],
  progress: (done: number) => void,
): Promise<readonly RecordedJournal[]> {
  const found = new Map<string, RecordedJournal>();
  let done = 0;
  await eachAtOnce(ids, CLI_REQUESTS_AT_ONCE, async (id) => {
    const journal = await recordedBy(admin, id).catch((error: unknown) => {
      if (error instanceof Refusal && error.status === 404) return undefined;
      throw error;
    });
    if (journal) found.set(id, journal);
    progress(++done);
  });
  return ids.flatMap((id) => found.get(id) ?? []);
}

export const linesOf = (journals: readonly RecordedJournal[]): string =>
  journals.map((journal) => `${encodeRecorded(journal)}\n`).join("");
