/** `perdure services config edit` and `patch`. */
import { type AdminClient, path } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { assertTerminal, editedText } from "../editor.ts";
import { CommandError, UsageError } from "../exit.ts";
import { safe } from "../output.ts";
import { serviceIn, type AnsweredService } from "./service-answer.ts";
import {
  ALL_SETTINGS,
  configChanges,
  readTemplate,
  settingsOfType,
  type SettingValue,
  settingValue,
  takes,
  templateOf,
} from "./setting.ts";
import { configOf } from "./config-view.ts";
import { serviceNamed } from "./show.ts";

/** By the option's name, as commander writes it: `journalRetention`. */
export type PatchOptions = Readonly<Record<string, unknown>>;

export async function patchConfig(cli: Cli, name: string, options: PatchOptions): Promise<void> {
  const wanted = wantedSettings(options);
  const admin = await cli.admin();
  const service = await serviceNamed(admin, name);
  for (const setting of Object.keys(wanted))
    if (!settingsOfType(service.type).some((each) => each.name === setting))
      throw new UsageError(`only workflows have ${setting}, and ${name} is a ${service.type}`);
  await apply(cli, admin, service, wanted);
}

/** Throws {@link UsageError} for a value that is none. */
export function wantedSettings(options: PatchOptions): Record<string, SettingValue> {
  const wanted: Record<string, SettingValue> = {};
  for (const setting of ALL_SETTINGS) {
    const text = options[setting.name.replaceAll(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase())];
    if (typeof text !== "string") continue;
    const value = settingValue(setting, text);
    if (value === undefined)
      throw new UsageError(`--${setting.name.replaceAll("_", "-")} takes ${takes(setting)}, not "${text}"`);
    wanted[setting.name] = value;
  }
  return wanted;
}

export async function editConfig(cli: Cli, name: string): Promise<void> {
  const instead = `\`perdure services config patch ${name}\` changes settings without one.`;
  assertTerminal(cli.out, instead);
  const admin = await cli.admin();
  const service = await serviceNamed(admin, name);
  await apply(cli, admin, service, await editedSettings(cli, service));
}

/** Until the text is right, or the user does not want to edit it again: nothing that was typed is lost before. */
async function editedSettings(
  cli: Cli,
  service: AnsweredService,
): Promise<Readonly<Record<string, SettingValue>>> {
  let text = templateOf(service);
  for (;;) {
    text = await editedText(text, "settings.toml");
    const { settings, errors } = readTemplate(text, service);
    if (errors.length === 0) return settings;
    const listed = errors.map(({ line, problem }) => `line ${line}: ${problem}`).join("; ");
    if (cli.options.yes === true) throw new CommandError(`nothing was changed. ${listed}`);
    cli.out.warn(listed);
    await cli.confirm("Edit it again?");
  }
}

async function apply(
  cli: Cli,
  admin: AdminClient,
  service: AnsweredService,
  wanted: Readonly<Record<string, SettingValue>>,
): Promise<void> {
  const changes = configChanges(service, wanted);
  if (changes.length === 0) {
    cli.out.note("No changes requested.");
    return await cli.out.show({ ...configOf(service), changes: [] }, () => []);
  }
  if (cli.out.format === "text") {
    await cli.out.lines(
      changes.map(({ setting, before, after }) => `~ ${setting}: ${safe(before)} -> ${safe(after)}`),
    );
  }
  await cli.confirm(`Change ${service.name}?`);
  const answer = await admin.fields("PATCH", path`/services/${service.name}`, { body: wanted });
  await cli.out.show({ ...configOf(serviceIn(answer)), changes }, () => [
    `Changed ${safe(service.name)}. It lasts until the next revision is registered.`,
  ]);
}
