/** A journal as the admin API answers it: `GET /invocations/{id}/journal`. Entries are appended, and never change. */
import type { AnswerFields } from "../../../../lib/answer-fields.ts";
import { present, timeOf } from "../../../admin/fields.ts";

/** What an operation took or gave. */
export interface Shown {
  readonly text?: string;
  /** Of bytes that are no text. */
  readonly base64?: string;
  readonly failure?: { readonly code: number; readonly message: string };
  /** The whole is longer than one answer holds. */
  readonly isLeftOut?: boolean;
  /** `text` or `base64` is only the beginning. The whole has so many bytes. */
  readonly cutOfBytes?: number;
}

export interface JournalEntry {
  readonly index: number;
  readonly type: string;
  /** Absent: it belongs to no command. */
  readonly command?: number;
  readonly name?: string;
  readonly value?: Shown;
  readonly input?: Shown;
  readonly names?: readonly string[];
  readonly invokedId?: string;
  readonly invokedTarget?: string;
  readonly awakeableId?: string;
  readonly signal?: string;
  readonly idempotencyKey?: string;
  readonly dueMs?: number;
  /** When its closure began. */
  readonly startedMs?: number;
  readonly endedMs?: number;
  /** When it was issued, or when it came. */
  readonly atMs?: number;
  readonly attempts?: number;
  /** Of a step that is a transaction: its writes to the user's tables. */
  readonly writes?: number;
  /** The number of the write that it came with. */
  readonly append?: number;
}

export interface Journal {
  readonly id: string;
  readonly length: number;
  readonly entries: readonly JournalEntry[];
  readonly headers: Readonly<Record<string, string>>;
  readonly pendingNotes: readonly JournalEntry[];
  readonly input?: Shown;
  readonly output?: Shown;
}

export function journalOf(fields: AnswerFields): Journal {
  return {
    id: fields.text("id"),
    length: fields.number("length"),
    entries: fields.objects("entries").map(entryOf),
    headers: fields.texts("headers"),
    pendingNotes: fields.objects("pending_notes").map(entryOf),
    ...present("input", shownOf(fields.object("input"))),
    ...present("output", shownOf(fields.object("output"))),
  };
}

function entryOf(fields: AnswerFields): JournalEntry {
  const { raw } = fields;
  const names = raw["names"];
  return {
    index: fields.optionalNumber("index") ?? -1,
    type: fields.text("type"),
    ...present("command", fields.optionalNumber("command")),
    ...present("name", fields.optionalText("name")),
    ...present("value", valueOf(fields)),
    ...present("input", shownOf(fields.object("input"))),
    ...present("names", Array.isArray(names) ? names.map(String) : undefined),
    ...present("invokedId", fields.optionalText("invoked_id")),
    ...present("invokedTarget", fields.optionalText("invoked_target")),
    ...present("awakeableId", fields.optionalText("awakeable_id")),
    ...present("signal", fields.optionalText("signal")),
    ...present("idempotencyKey", fields.optionalText("idempotency_key")),
    ...present("dueMs", timeOf(fields, "due_at")),
    ...present("startedMs", timeOf(fields, "started_at")),
    ...present("endedMs", timeOf(fields, "ended_at")),
    ...present("atMs", timeOf(fields, "at") ?? timeOf(fields, "accepted_at")),
    ...present("attempts", fields.optionalNumber("attempts")),
    ...present("writes", fields.optionalNumber("writes")),
    ...present("append", fields.optionalNumber("append")),
  };
}

/** What a step gave stands in `result`; a value of state stands in the entry itself. */
function valueOf(fields: AnswerFields): Shown | undefined {
  const { raw } = fields;
  if ("result" in raw) return shownOf(fields.object("result"));
  return typeof raw["value"] === "string" || "value_base64" in raw || "value_ref" in raw
    ? shownOf(fields)
    : undefined;
}

function shownOf(fields: AnswerFields | undefined): Shown | undefined {
  if (fields === undefined) return undefined;
  const failure = fields.object("failure");
  const cut = fields.optionalNumber("value_bytes");
  return {
    ...present("text", fields.optionalText("value")),
    ...present("base64", fields.optionalText("value_base64")),
    ...(failure && {
      failure: {
        code: failure.optionalNumber("code") ?? 500,
        message: failure.optionalText("message") ?? "",
      },
    }),
    ...(fields.optionalText("value_ref") !== undefined && { isLeftOut: true }),
    ...present("cutOfBytes", cut),
  };
}
