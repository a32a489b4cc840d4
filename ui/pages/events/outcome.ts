/** What became of an event that was sent. */
import { AnswerFields } from "../../../lib/answer-fields.ts";
import { visible } from "../../words/text.ts";

export type Outcome =
  | { readonly fault: string }
  | { readonly counts: readonly (readonly [string, number])[]; readonly message?: string };

const FAILED = 503;
const WORDS: Readonly<Record<string, string>> = {
  accepted: "accepted",
  skipped: "accepted before",
  rejected: "set aside",
  already_started: "of a workflow that has run",
  failed: "to be delivered again",
  ignored: "no record",
};

export function outcomeOf(status: number, answer: unknown): Outcome {
  if (typeof answer !== "object" || answer === null) return { fault: `The server has answered ${status}.` };
  const fields = new AnswerFields(answer, "answer");
  const message = fields.optionalText("message");
  const counts = fields.object("counts")?.raw;
  if (counts === undefined || (status !== 200 && status !== FAILED))
    return { fault: message ?? `The server has answered ${status}.` };
  const told = Object.entries(counts).flatMap(([name, count]) =>
    typeof count === "number" && count > 0 ? [[WORDS[name] ?? name, count] as const] : [],
  );
  return { counts: told, ...(message === undefined ? {} : { message }) };
}

/** `1 accepted, 2 set aside. …` */
export function outcomeInWords(outcome: Outcome): string {
  if ("fault" in outcome) return visible(outcome.fault);
  const counts = outcome.counts.map(([word, count]) => `${count} ${word}`).join(", ");
  const end = outcome.message === undefined ? "" : ` ${visible(outcome.message)}`;
  return `${counts === "" ? "It had no records" : counts}.${end}`;
}
