/** Completes what is typed into the filter: names of fields first, then the values that are known. */
import { STATUS_WORDS } from "./filter.ts";
import { EXAMPLES, NAMES, quoted } from "./typing.ts";

export interface Known {
  readonly services: readonly string[];
  readonly handlers: readonly string[];
  readonly deployments: readonly string[];
  /** Of the rows on the screen. */
  readonly keys: readonly string[];
  readonly errors: readonly string[];
}

export interface Suggestion {
  /** What stands in the field once it is chosen. */
  readonly text: string;
  readonly label: string;
  readonly hint: string;
  /** Whether it is whole: else more is typed. */
  readonly isWhole: boolean;
}

const SHOWN_MAX = 8;
const SHOWN_NAMES = [
  "service",
  "handler",
  "key",
  "status",
  "error",
  "age",
  "created",
  "deployment",
  "caller",
  "id",
];
const AGES = ["10m", "1h", "1d", "7d"];

/** For the last word of `typed`. */
export function suggestionsFor(typed: string, known: Known): readonly Suggestion[] {
  const before = /^(?:"[^"]*"?|[^"\s]+"[^"]*"|[^\s"]+|\s+)*?(?=\S*$)/u.exec(typed)?.[0] ?? "";
  const word = typed.slice(before.length);
  const [, not = "", name, sign = "", value = ""] = /^(-?)([a-z_-]+)(:|>|<)(.*)$/u.exec(word) ?? [];
  const found = name === undefined ? namesFor(word, known) : valuesFor({ not, name, sign, value }, known);
  return found.slice(0, SHOWN_MAX).map((one) => ({ ...one, text: before + one.text }));
}

function namesFor(word: string, known: Known): readonly Suggestion[] {
  const lower = word.toLowerCase();
  const names = SHOWN_NAMES.filter((name) => name.startsWith(lower)).map((name): Suggestion => {
    const text = name === "age" || name === "created" ? `${name}>` : `${name}:`;
    return { text, label: text, hint: EXAMPLES[name] ?? "", isWhole: false };
  });
  if (lower === "") return names;
  const values = ["service", "handler", "status", "key"].flatMap((name) => valuesOf(name, lower, known));
  return lower.length > 1 ? [...values, ...names] : [...names, ...values];
}

interface Word {
  readonly not: string;
  readonly name: string;
  readonly sign: string;
  readonly value: string;
}
function valuesFor({ not, name, sign, value }: Word, known: Known): readonly Suggestion[] {
  const field = NAMES[name] ?? name;
  if (field === "age")
    return AGES.map((age) =>
      whole(`age${sign === ":" ? ">" : sign}${age}`, sign === "<" ? "younger" : "older"),
    );
  if (field === "created") return ["today", "yesterday"].map((day) => whole(`created${sign}${day}`, "a day"));
  const done = field === "status" ? value.slice(0, value.lastIndexOf(",") + 1) : "";
  const part = value.slice(done.length).replace(/^"/u, "").toLowerCase();
  return valuesOf(field, part, known).map((one) => ({
    ...one,
    text: one.text.replace(`${field}:`, `${not}${name}:${done}`),
  }));
}

const whole = (text: string, hint: string): Suggestion => ({ text, label: text, hint, isWhole: true });

function valuesOf(field: string, part: string, known: Known): readonly Suggestion[] {
  const values: Readonly<Record<string, readonly string[]>> = {
    service: known.services,
    handler: known.handlers,
    deployment: known.deployments,
    status: [...STATUS_WORDS, "open", "ended"],
    key: known.keys,
    error: known.errors,
  };
  return (values[field] ?? [])
    .filter((value) => value.toLowerCase().includes(part))
    .map((value) => ({ text: `${field}:${quoted(value)}`, label: value, hint: field, isWhole: true }));
}
