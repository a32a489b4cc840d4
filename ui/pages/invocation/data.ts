/**
 * What the page of an invocation asks for. A poll asks for the head; the journal is asked for when the head has changed, and only
 * for the entries that are not there yet: what is recorded never changes.
 */
import { useRef } from "preact/hooks";
import type { AnswerFields } from "../../../lib/answer-fields.ts";
import { askFields, isNotFound, path, Refusal } from "../../admin/client.ts";
import { invocationOf, type Target } from "../../admin/invocation.ts";
import { timeOf } from "../../admin/fields.ts";
import { EVERY_MS, type Loaded, useLive } from "../../admin/live.ts";
import { powersUsed } from "./act.ts";
import { type Journal, type JournalEntry, journalOf } from "./model/journal.ts";
import { type KeyLock, lockOf } from "./model/lock.ts";
import { type DevEvent, type Story, storyOf } from "./model/story.ts";

/** Entries that are loaded at first, and with each "more". */
export const JOURNAL_PAGE = 1000;
/** So much of each value: what a row shows of it. The whole is loaded when the row is opened. */
const VALUE_CHARS = 320;

interface Known {
  readonly id: string;
  readonly stamp: string;
  readonly journal: Journal;
  readonly events: readonly DevEvent[];
}

/** `wanted`: so many entries are loaded. */
export function useStory(id: string, wanted: number): Loaded<Story> {
  const known = useRef<Known | undefined>(undefined);
  return useLive(`invocation ${id} ${wanted}`, async (signal) => {
    const head = await askFields(path`/invocations/${id}`, { signal });
    // What was done to it need not change it.
    const stamp = `${stampOf(head)} ${powersUsed()}`;
    const before = known.current?.id === id ? known.current : undefined;
    const isShort =
      before === undefined || before.journal.entries.length < Math.min(wanted, before.journal.length);
    if (isShort || before.stamp !== stamp) {
      const [journal, events] = await Promise.all([
        loadJournal(id, before?.journal, wanted, signal),
        eventsOf(id, signal),
      ]);
      known.current = { id, stamp, journal, events };
    }
    return storyOf(head, known.current?.journal, known.current?.events);
  });
}

/** Another one: the head has changed, and with it the journal. */
const stampOf = (head: AnswerFields): string =>
  [head.optionalText("modified_at"), head.optionalNumber("journal_size"), head.optionalText("status")].join();

async function loadJournal(
  id: string,
  before: Journal | undefined,
  wanted: number,
  signal: AbortSignal,
): Promise<Journal> {
  let entries: readonly JournalEntry[] = before?.entries ?? [];
  for (;;) {
    const limit = Math.min(JOURNAL_PAGE, Math.max(1, wanted - entries.length));
    const where = `${path`/invocations/${id}/journal`}?from=${entries.length}&limit=${limit}&value_chars=${VALUE_CHARS}`;
    const page = journalOf(await askFields(where, { signal }));
    // It was purged, or it is another life of the id: from the beginning.
    if (page.length < entries.length) return await loadJournal(id, undefined, wanted, signal);
    entries = [...entries, ...page.entries];
    if (page.entries.length === 0 || entries.length >= Math.min(wanted, page.length))
      return { ...page, entries };
  }
}

/** Only a development server has events. Another one is asked once. */
let hasEvents = true;

/** What was done to it with the development strip. */
async function eventsOf(id: string, signal: AbortSignal): Promise<readonly DevEvent[]> {
  if (!hasEvents) return [];
  try {
    const answer = await askFields(`/dev/events?${new URLSearchParams({ invocation_id: id }).toString()}`, {
      signal,
    });
    return answer.objects("events").map((event) => ({
      atMs: timeOf(event, "at") ?? 0,
      kind: event.optionalText("kind") ?? "",
      message: event.optionalText("message") ?? "",
    }));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    hasEvents = false;
    return [];
  }
}

/** An opened call's invocation. What has ended does not change, and is not asked for again. */
export function useChild(id: string): Loaded<Story | "gone"> {
  const ended = useRef<Story | undefined>(undefined);
  const known = useRef<Pick<Known, "stamp" | "journal"> | undefined>(undefined);
  return useLive(`child ${id}`, async (signal) => {
    if (ended.current) return ended.current;
    try {
      const head = await askFields(path`/invocations/${id}`, { signal });
      const stamp = stampOf(head);
      if (known.current?.stamp !== stamp)
        known.current = {
          stamp,
          journal: await loadJournal(id, known.current?.journal, JOURNAL_PAGE, signal),
        };
      const story = storyOf(head, known.current?.journal);
      if (story.invocation.status === "completed") ended.current = story;
      return story;
    } catch (error) {
      if (isNotFound(error)) return "gone";
      throw error;
    }
  });
}

/** What another invocation is called. It is asked for once: that does not change. */
export function useTarget(id: string | undefined): Target | undefined {
  const known = useRef<Target | undefined>(undefined);
  const loaded = useLive(
    `target ${id ?? ""}`,
    async (signal) => {
      if (id === undefined || known.current !== undefined) return known.current;
      try {
        known.current = invocationOf(await askFields(path`/invocations/${id}`, { signal })).target;
      } catch (error) {
        // It is not kept any longer.
        if (!(error instanceof Refusal)) throw error;
      }
      return known.current;
    },
    TARGET_EVERY_MS,
  );
  return loaded.data;
}
const TARGET_EVERY_MS = 60_000;

/** Who has the key of an open invocation, and who waits. Without a key: nothing is asked. */
export function useLock(service: string, key: string | undefined): KeyLock | undefined {
  const loaded = useLive(
    `lock ${service} ${key ?? "~"}`,
    async (signal) => {
      if (key === undefined) return undefined;
      return lockOf(await askFields(path`/services/${service}/locks/${key}`, { signal }));
    },
    EVERY_MS.counts,
  );
  return loaded.data;
}
