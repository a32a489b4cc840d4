/** What holds for a handler: its own settings, and the service's for what it does not say. */
import { AnswerFields } from "../../../../lib/answer-fields.ts";
import { present } from "../../../admin/fields.ts";

export interface RetryPolicy {
  readonly first?: string;
  readonly factor?: number;
  readonly longest?: string;
  /** Absent: it is tried without an end. */
  readonly attemptsMax?: number;
  /** Otherwise it fails for good after the last attempt. */
  readonly pausesAtLast: boolean;
}

interface Settings {
  readonly fields: AnswerFields;
  readonly handlers: readonly { readonly name: string; readonly fields: AnswerFields }[];
}

const ownOf = (service: Settings, handler: string): AnswerFields | undefined =>
  service.handlers.find(({ name }) => name === handler)?.fields;

export function policyOf(service: Settings, handler: string): RetryPolicy | undefined {
  const general = service.fields.object("retry_policy")?.raw;
  const own = ownOf(service, handler)?.object("retry_policy")?.raw;
  if (general === undefined && own === undefined) return undefined;
  const policy = new AnswerFields({ ...general, ...own }, "retry policy");
  return {
    ...present("first", policy.optionalText("initial_interval")),
    ...present("factor", policy.optionalNumber("exponentiation_factor")),
    ...present("longest", policy.optionalText("max_interval")),
    ...present("attemptsMax", policy.optionalNumber("max_attempts")),
    pausesAtLast: policy.optionalText("on_max_attempts") === "Pause",
  };
}

/** `50ms × 2, at most 1m, 70 attempts, then pause`. */
export function policyInWords({
  first,
  factor = 2,
  longest,
  attemptsMax,
  pausesAtLast,
}: RetryPolicy): string {
  const end = pausesAtLast ? "then pause" : "then fail";
  const parts = [
    first === undefined ? undefined : `${first} × ${factor}`,
    longest === undefined ? undefined : `at most ${longest}`,
    attemptsMax === undefined
      ? "without an end"
      : `${attemptsMax === 1 ? "1 attempt" : `${attemptsMax} attempts`}, ${end}`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

/** How long its journal is kept after its end. */
export const keptOf = (service: Settings, handler: string): string | undefined =>
  ownOf(service, handler)?.optionalText("journal_retention") ??
  service.fields.optionalText("journal_retention");
