/** `perdure services config view`. */
import type { Cli } from "../cli.ts";
import { detailLines } from "../details.ts";
import type { Output } from "../output.ts";
import type { AnsweredService } from "./service-answer.ts";
import { settingsOfType, valueOf } from "./setting.ts";
import { serviceNamed } from "./show.ts";

export async function viewConfig(cli: Cli, name: string): Promise<void> {
  const service = await serviceNamed(await cli.admin(), name);
  await cli.out.show(configOf(service), () => configLines(cli.out, service));
}

export function configOf(service: AnsweredService) {
  return {
    service: service.name,
    type: service.type,
    revision: service.revision ?? null,
    settings: Object.fromEntries(
      settingsOfType(service.type).map((setting) => [
        setting.name,
        setting.name === "public" ? service.isPublic : (valueOf(service, setting) ?? null),
      ]),
    ),
    retry_policy: service.retryPolicy,
    handlers: Object.fromEntries(
      service.handlers
        .filter(({ settings }) => Object.keys(settings).length > 0)
        .map(({ name, settings }) => [name, settings]),
    ),
  };
}

function configLines(out: Output, service: AnsweredService): string[] {
  const own = service.handlers.filter(({ settings }) => Object.keys(settings).length > 0);
  const settings = settingsOfType(service.type).flatMap((setting) => [
    `${out.styled("bold", setting.name)} = ${valueOf(service, setting) ?? "not set: the default holds"}`,
    `    ${setting.meaning}`,
  ]);
  return [
    ...settings,
    out.styled("bold", "retry_policy"),
    "    How attempts that fail are repeated. It is set in code.",
    ...detailLines(
      out,
      Object.entries(service.retryPolicy).map(([key, value]) => [`    ${key}`, policyText(value)] as const),
    ),
    ...(own.length === 0 ? [] : ["", out.styled("bold", "Handlers with settings of their own, which win:")]),
    ...own.flatMap((handler) =>
      detailLines(
        out,
        Object.entries(handler.settings).map(
          ([key, value]) => [`    ${handler.name} ${key}`, value] as const,
        ),
      ),
    ),
  ];
}

const policyText = (value: unknown): string =>
  value === null ? "unlimited" : typeof value === "string" ? value : JSON.stringify(value);
