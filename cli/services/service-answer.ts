/** Services and handlers, as the admin API answers them. */
import type { AnswerFields } from "../fields.ts";

export interface AnsweredHandler {
  readonly name: string;
  /** `undefined`: a service's handler. Else Exclusive, Shared or Workflow. */
  readonly kind: string | undefined;
  readonly isPublic: boolean;
  readonly input: string;
  readonly output: string;
  readonly documentation: string | undefined;
  /** Its own settings, by the name of the field. They win over its service's. */
  readonly settings: Readonly<Record<string, string>>;
  /** Its JSON schemas, as text: they are only compared. */
  readonly schemas: string;
}

export interface AnsweredService {
  readonly name: string;
  /** Service, VirtualObject or Workflow. */
  readonly type: string;
  readonly revision: number | undefined;
  readonly deployment: string;
  readonly isPublic: boolean;
  readonly documentation: string | undefined;
  readonly handlers: readonly AnsweredHandler[];
  /** Its retentions and timeouts, by the name of the field. */
  readonly settings: Readonly<Record<string, string>>;
  readonly retryPolicy: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** As it was answered. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export const SETTINGS = [
  ...(["idempotency_retention", "workflow_completion_retention", "journal_retention"] as const),
  ...(["inactivity_timeout", "abort_timeout"] as const),
] as const;

export function serviceIn(fields: AnswerFields): AnsweredService {
  return {
    name: fields.text("name"),
    type: fields.text("ty"),
    revision: fields.optionalNumber("revision"),
    deployment: fields.text("deployment_id"),
    isPublic: fields.flag("public"),
    documentation: fields.optionalText("documentation"),
    handlers: fields.objects("handlers").map(handlerIn),
    settings: settingsIn(fields),
    retryPolicy: fields.object("retry_policy")?.raw ?? {},
    metadata: fields.texts("metadata"),
    raw: fields.raw,
  };
}

const handlerIn = (fields: AnswerFields): AnsweredHandler => ({
  name: fields.text("name"),
  kind: fields.optionalText("ty"),
  isPublic: fields.flag("public"),
  input: fields.optionalText("input_description") ?? "any",
  output: fields.optionalText("output_description") ?? "any",
  documentation: fields.optionalText("documentation"),
  settings: {
    ...settingsIn(fields),
    ...retriesIn(fields),
  },
  schemas: JSON.stringify([fields.raw["input_json_schema"], fields.raw["output_json_schema"]]),
});

function settingsIn(fields: AnswerFields): Record<string, string> {
  const entries = SETTINGS.map((name) => [name, fields.optionalText(name)] as const);
  return Object.fromEntries(
    entries.filter((entry): entry is [(typeof entry)[0], string] => entry[1] !== undefined),
  );
}

function retriesIn(fields: AnswerFields): Record<string, string> {
  const attempts = fields.object("retry_policy")?.optionalNumber("max_attempts");
  return attempts === undefined ? {} : { max_attempts: String(attempts) };
}
