/** `perdure services list` and `describe`. */
import { type AdminClient, path, Refusal } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { detailLines } from "../details.ts";
import { CommandError, EXIT } from "../exit.ts";
import { type Output, safe } from "../output.ts";
import { didYouMean } from "../suggest.ts";
import type { Column } from "../table.ts";
import { type AnsweredHandler, type AnsweredService, serviceIn, SETTINGS } from "./service-answer.ts";

export async function printServices(cli: Cli, publicOnly: boolean): Promise<void> {
  const services = await allServices(await cli.admin());
  await cli.out.list({
    rows: services.filter(({ isPublic }) => isPublic || !publicOnly),
    columns: SERVICE_COLUMNS,
    json: ({ raw }) => raw,
    empty: "No services. Register what serves them: perdure deployments register http://localhost:9080",
  });
}

const SERVICE_COLUMNS: readonly Column<AnsweredService>[] = [
  { name: "NAME", of: ({ name }) => name },
  { name: "TYPE", of: ({ type }) => type },
  { name: "REVISION", of: ({ revision }) => revision, align: "right" },
  { name: "ACCESS", of: ({ isPublic }) => (isPublic ? "public" : "private") },
  { name: "HANDLERS", of: ({ handlers }) => handlers.map(({ name }) => name).join(", "), least: 16 },
  { name: "DEPLOYMENT", of: ({ deployment }) => deployment },
];

export async function allServices(admin: AdminClient): Promise<AnsweredService[]> {
  return (await admin.fields("GET", "/services")).objects("services").map(serviceIn);
}

/** Throws {@link CommandError}, with the name that was probably meant, if there is no such service. */
export async function serviceNamed(admin: AdminClient, name: string): Promise<AnsweredService> {
  try {
    return serviceIn(await admin.fields("GET", path`/services/${name}`));
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 404) throw error;
    throw noSuchService(admin, name, await allServices(admin));
  }
}

export const noSuchService = (
  admin: AdminClient,
  name: string,
  all: readonly AnsweredService[],
): CommandError =>
  new CommandError(
    `${admin.address} has no service "${name}".${didYouMean(
      name,
      all.map((service) => service.name),
    )}`,
    { exitCode: EXIT.nothing, advice: "`perdure services list` shows them." },
  );

export async function printService(cli: Cli, name: string): Promise<void> {
  const admin = await cli.admin();
  const service = await serviceNamed(admin, name);
  await cli.out.show(service.raw, () => describedLines(cli.out, service));
}

function describedLines(out: Output, service: AnsweredService): string[] {
  return [
    ...detailLines(out, [
      ["name", service.name],
      ["type", service.type],
      ["revision", service.revision === undefined ? undefined : String(service.revision)],
      ["deployment", service.deployment],
      ["access", service.isPublic ? "public" : "private: the ingress refuses it, handlers may call it"],
      ["description", service.documentation],
      ...Object.entries(service.metadata).map(([key, value]) => [`metadata ${key}`, value] as const),
      ...SETTINGS.map((setting) => [setting, service.settings[setting]] as const),
    ]),
    "",
    ...handlerTable(out, service),
  ];
}

/** A table of its handlers, and what they say of themselves below it. */
export function handlerTable(out: Output, service: AnsweredService, indent = ""): string[] {
  const { handlers } = service;
  const table = out.table(handlers, HANDLER_COLUMNS);
  const described = handlers.flatMap(({ name, documentation }) =>
    documentation === undefined ? [] : [`${safe(name)}: ${safe(documentation)}`],
  );
  const lines = [...table, ...(described.length === 0 ? [] : ["", ...described])];
  return lines.map((line) => `${indent}${line}`.trimEnd());
}

const HANDLER_COLUMNS: readonly Column<AnsweredHandler>[] = [
  { name: "HANDLER", of: ({ name }) => name },
  { name: "TYPE", of: ({ kind }) => kind ?? "Service" },
  { name: "ACCESS", of: ({ isPublic }) => (isPublic ? "public" : "private") },
  { name: "INPUT", of: ({ input }) => input },
  { name: "OUTPUT", of: ({ output }) => output },
  { name: "OWN SETTINGS", of: ({ settings }) => settingsText(settings) },
];

const settingsText = (settings: Readonly<Record<string, string>>): string | undefined =>
  Object.keys(settings).length === 0
    ? undefined
    : Object.entries(settings)
        .map(([name, value]) => `${name} ${value}`)
        .join(", ");
