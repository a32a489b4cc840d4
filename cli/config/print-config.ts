/** What `--print-config` prints: each setting, its value, and who says so. As TOML, so that it can be kept as a file. */
import { type Output, safe } from "../output.ts";
import { type ChosenSettings, type SettingName, SERVER_SETTINGS } from "./server-settings.ts";
import type { ServerSetting } from "./server-setting.ts";

const HIDDEN = "…";

interface PrintedSetting {
  readonly key: string;
  readonly value: unknown;
  readonly from: string;
}

function printedSettings(chosen: ChosenSettings): readonly PrintedSetting[] {
  return (Object.keys(SERVER_SETTINGS) as SettingName[]).map((name) => {
    const setting: ServerSetting<unknown> = SERVER_SETTINGS[name];
    const { value, from } = chosen[name];
    const shown = setting.shown ? setting.shown(value) : value;
    return { key: setting.key, value: setting.isSecret ? hidden(value) : shown, from };
  });
}

export async function printConfig(out: Output, chosen: ChosenSettings): Promise<void> {
  const settings = printedSettings(chosen);
  await out.show({ settings }, () => {
    const lines = settings.map(({ key, value, from }) => [assignment(key, value), from] as const);
    const width = Math.max(...lines.map(([text]) => text.length));
    return lines.map(([text, from]) => `${text.padEnd(width)}  # ${safe(from)}`);
  });
}

const assignment = (key: string, value: unknown): string =>
  value === undefined ? `# ${key}` : `${key} = ${tomlOf(value)}`;

/** TOML writes texts, numbers and lists as JSON does. */
function tomlOf(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)} = ${tomlOf(each)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

const hidden = (value: unknown): unknown =>
  typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, hidden(each)]))
    : HIDDEN;
