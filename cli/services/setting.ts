/** A service's settings: their names, what they mean, and how they are written. */
import { parseDuration } from "../../lib/duration.ts";
import type { AnsweredService } from "./service-answer.ts";

export interface Setting {
  /** As the admin API calls it. */
  readonly name: string;
  readonly kind: "flag" | "duration";
  readonly meaning: string;
  readonly example: string;
  /** Only workflows have it. */
  readonly ofWorkflows?: true;
}

export const ALL_SETTINGS: readonly Setting[] = [
  {
    name: "public",
    kind: "flag",
    meaning: "Whether the ingress lets callers in. Handlers may call a private service all the same.",
    example: "true",
  },
  {
    name: "idempotency_retention",
    kind: "duration",
    meaning:
      "How long the result of a call with an idempotency key is kept, so that a repeated call gets it.",
    example: "1d",
  },
  {
    name: "workflow_completion_retention",
    kind: "duration",
    meaning: "How long a workflow's result, state and promises are kept after its end.",
    example: "7d",
    ofWorkflows: true,
  },
  {
    name: "journal_retention",
    kind: "duration",
    meaning: "How long the journal of what has ended is kept, to look at it and to restart from it.",
    example: "1d",
  },
  {
    name: "inactivity_timeout",
    kind: "duration",
    meaning: "How long a handler may be silent before it is asked to suspend.",
    example: "1m",
  },
  {
    name: "abort_timeout",
    kind: "duration",
    meaning: "How long it then has before it is stopped and tried again.",
    example: "10m",
  },
];

export const settingsOfType = (type: string): readonly Setting[] =>
  ALL_SETTINGS.filter(({ ofWorkflows }) => ofWorkflows !== true || type === "Workflow");

/** `undefined`: the service leaves it to the default. */
export const valueOf = (service: AnsweredService, { name }: Setting): string | undefined =>
  name === "public" ? String(service.isPublic) : service.settings[name];

export type SettingValue = boolean | string;

/** As the admin API takes it; `undefined` if the text is none. */
export function settingValue({ kind }: Setting, text: string): SettingValue | undefined {
  if (kind === "duration") return parseDuration(text) === undefined ? undefined : text;
  return text === "true" ? true : text === "false" ? false : undefined;
}

export const takes = ({ kind }: Setting): string =>
  kind === "flag" ? "true or false" : "a duration such as 90s, 5d 1h or PT10S";

/**
 * For an editor: each setting with its meaning, commented out, as it is now. To change one is to take its `#` away, as people know it
 * from configuration files. It is TOML.
 */
export function templateOf(service: AnsweredService): string {
  const blocks = settingsOfType(service.type).map((setting) => {
    const now = valueOf(service, setting);
    const example = now ?? setting.example;
    const value = setting.kind === "flag" ? example : JSON.stringify(example);
    const note = now === undefined ? " It is not set: the default holds." : "";
    return [`# ${setting.meaning}${note}`, `# ${setting.name} = ${value}`].join("\n");
  });
  return [
    `# Settings of ${service.name}, revision ${service.revision ?? "?"}. Take the # away from what you want to change.`,
    "# Changes last until the next revision is registered. They win over what handlers declare themselves.",
    "",
    `${blocks.join("\n\n")}\n`,
  ].join("\n");
}

export interface TemplateError {
  /** From 1. */
  readonly line: number;
  readonly problem: string;
}

/** What stands in an edited template, apart from comments: the settings, or what is wrong with it. */
export function readTemplate(
  text: string,
  service: AnsweredService,
): { readonly settings: Readonly<Record<string, SettingValue>>; readonly errors: readonly TemplateError[] } {
  const settings: Record<string, SettingValue> = {};
  const errors: TemplateError[] = [];
  for (const [at, whole] of text.split(/\r?\n/u).entries()) {
    const line = whole.trim();
    if (line === "" || line.startsWith("#")) continue;
    const read = lineOf(line, service);
    if ("problem" in read) errors.push({ line: at + 1, problem: read.problem });
    else settings[read.name] = read.value;
  }
  return { settings, errors };
}

function lineOf(
  line: string,
  { name: service, type }: AnsweredService,
): { readonly name: string; readonly value: SettingValue } | { readonly problem: string } {
  const [, name = "", quoted, bare] = LINE.exec(line) ?? [];
  if (name === "") return { problem: `"${line}" is not of the form: name = value` };
  const setting = settingsOfType(type).find((each) => each.name === name);
  if (setting === undefined) return { problem: `${service} has no setting "${name}" that can be changed` };
  const value = settingValue(setting, quoted ?? bare ?? "");
  return value === undefined ? { problem: `${name} takes ${takes(setting)}` } : { name, value };
}

/** A name, and a text in quotes or a word; a comment may follow. */
const LINE = /^([a-z_]+)\s*=\s*(?:"([^"]*)"|([^\s"#]+))\s*(?:#.*)?$/u;

export interface ConfigChange {
  readonly setting: string;
  readonly before: string;
  readonly after: string;
}

/** Those that differ from what is set. Durations are compared by their length. */
export function configChanges(
  service: AnsweredService,
  wanted: Readonly<Record<string, SettingValue>>,
): ConfigChange[] {
  return ALL_SETTINGS.flatMap((setting) => {
    const value = wanted[setting.name];
    const before = valueOf(service, setting);
    if (value === undefined || isSame(setting, before, String(value))) return [];
    return [{ setting: setting.name, before: before ?? "not set", after: String(value) }];
  });
}

const isSame = ({ kind }: Setting, before: string | undefined, after: string): boolean =>
  before !== undefined &&
  (before === after || (kind === "duration" && parseDuration(before) === parseDuration(after)));
