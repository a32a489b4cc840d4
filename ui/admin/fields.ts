/** What nearly every answer is read with. */
import type { AnswerFields } from "../../lib/answer-fields.ts";

/** A field that is left out if there is nothing. */
export const present = <K extends string, T>(name: K, value: T | undefined): { [P in K]?: T } =>
  (value === undefined ? {} : { [name]: value }) as { [P in K]?: T };

/** `undefined`: absent, or no time. */
export function timeOf(fields: AnswerFields, name: string): number | undefined {
  const ms = Date.parse(fields.optionalText(name) ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}
