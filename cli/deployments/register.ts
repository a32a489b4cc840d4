/** `perdure deployments register`: first as if, to show what changes; then for good. */
import { type AdminClient, jsonOf, type Refusal, refusalOf } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { CommandError, UsageError } from "../exit.ts";
import { AnswerFields } from "../fields.ts";
import { safe } from "../output.ts";
import { serviceIn } from "../services/service-answer.ts";
import { deploymentIn } from "./deployment-answer.ts";
import { changeLines, type ServiceChange, serviceChanges } from "./service-changes.ts";

export interface RegisterOptions {
  readonly dryRun?: true;
  readonly force?: true;
  readonly breaking?: true;
  readonly "useHttp1.1"?: true;
  readonly header?: readonly string[];
  readonly metadata?: readonly string[];
}

export async function registerAddress(cli: Cli, address: string, options: RegisterOptions): Promise<void> {
  const body = registrationOf(address, options);
  const admin = await cli.admin();
  const asIf = await posted(admin, { ...body, dry_run: true }, address);
  if (asIf.isKnown && options.force !== true) return await sayKnown(cli, asIf.fields, address);
  const changes = await changesOf(admin, asIf);
  const warnings = asIf.fields.objects("info").map((info) => info.text("message"));
  if (cli.out.format === "text") await cli.out.lines(changeLines(changes).map(safe));
  for (const warning of warnings) cli.out.warn(warning);
  const report = { address, known: asIf.isKnown, changes: changes.map(jsonOfChange), warnings };
  if (options.dryRun === true) {
    cli.out.note("Nothing was changed (--dry-run).");
    return await cli.out.show({ id: asIf.fields.text("id"), registered: false, ...report }, () => []);
  }
  if (changes.some(({ change }) => change !== "added")) {
    await cli.confirm(options.force === true ? "Register it over what is there?" : "Register it?");
  }
  const { fields } = await posted(admin, body, address);
  const id = fields.text("id");
  await cli.out.show({ id, registered: true, ...report }, () => [
    `Registered ${safe(id)}: ${serviceNames(fields)}`,
  ]);
}

interface Posted {
  readonly fields: AnswerFields;
  readonly isKnown: boolean;
}

async function posted(admin: AdminClient, body: object, address: string): Promise<Posted> {
  const answer = await admin.raw("POST", "/deployments", { body });
  if (answer.status >= 400) throw explained(refusalOf(answer), address);
  return { fields: new AnswerFields(jsonOf(answer), "answer"), isKnown: answer.status === 200 };
}

/** It is registered, and the server has not asked it again. */
async function sayKnown(cli: Cli, fields: AnswerFields, address: string): Promise<void> {
  const id = fields.text("id");
  const report = { id, registered: true, address, known: true, changes: [], warnings: [] };
  await cli.out.show(report, () => [`Already registered as ${safe(id)}: ${serviceNames(fields)}`]);
  cli.out.note(
    "It was not asked again. If its handlers have changed, register it under a new address, or with --force.",
  );
}

const serviceNames = (fields: AnswerFields): string =>
  safe(
    fields
      .objects("services")
      .map((service) => `${service.text("name")} [${service.optionalNumber("revision") ?? "?"}]`)
      .join(", "),
  );

async function changesOf(admin: AdminClient, { fields, isKnown }: Posted): Promise<ServiceChange[]> {
  const current = (await admin.fields("GET", "/services")).objects("services").map(serviceIn);
  const wanted = fields.objects("services").map(serviceIn);
  if (!isKnown) return serviceChanges(current, wanted, []);
  const id = fields.text("id");
  const before = (await admin.fields("GET", "/deployments"))
    .objects("deployments")
    .map(deploymentIn)
    .find((deployment) => deployment.id === id);
  const gone = (before?.services ?? [])
    .map(({ name }) => name)
    .filter((name) => !wanted.some((service) => service.name === name))
    .filter((name) => current.some((service) => service.name === name && service.deployment === id));
  return serviceChanges(current, wanted, gone);
}

const jsonOfChange = ({
  service,
  type,
  change,
  revisionBefore,
  revision,
  details,
  handlers,
}: ServiceChange) => ({
  ...{ service, type, change, revision_before: revisionBefore ?? null, revision: revision ?? null },
  ...{ details, handlers },
});

/** Throws {@link UsageError}. */
export function registrationOf(address: string, options: RegisterOptions): Readonly<Record<string, unknown>> {
  const { force, breaking, header, metadata } = options;
  const target = targetOf(address);
  const http11 = options["useHttp1.1"] === true;
  return {
    ...target,
    ...(force === true ? { force } : {}),
    ...(breaking === true ? { breaking } : {}),
    ...(http11 ? { use_http_11: true } : {}),
    ...(header === undefined ? {} : { additional_headers: pairsIn("--header", header) }),
    ...(metadata === undefined ? {} : { metadata: pairsIn("--metadata", metadata) }),
  };
}

/** An ARN; a URL; or a host and port, or a port of this machine, which mean a URL. */
function targetOf(address: string): { readonly arn: string } | { readonly uri: string } {
  if (address.startsWith("arn:")) return { arn: address };
  if (/^\d{1,5}$/u.test(address)) return { uri: `http://localhost:${address}` };
  const uri = /^[a-z][a-z\d+.-]*:\/\//iu.test(address) ? address : `http://${address}`;
  if (URL.canParse(uri)) return { uri };
  throw new UsageError(`"${address}" is no address: name a URL, or the ARN of a function's version`);
}

function pairsIn(option: string, texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at <= 0) throw new UsageError(`${option} takes name=value, not "${text}"`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

const ADVICE: Readonly<Record<string, string>> = {
  META0003:
    "Does the process run, and can the server reach that address? A server in a container does not reach your localhost.",
  META0006: "A service's type changes, which breaks its callers. --breaking does it all the same.",
  META0012: "Update perdure in the process, or the server, so that both have the same version.",
  META0013: "Does that process serve Perdure's handlers (perdure/serve, or serve() of perdure/restate)?",
  META0014: "Add --use-http1.1, or let the process speak HTTP/2.",
  META0017: "Remove all but one of them, or change one by its id.",
};

function explained(refusal: Refusal, address: string): CommandError {
  const advice = refusal.code === undefined ? undefined : ADVICE[refusal.code];
  return new CommandError(`${address} was not registered: ${refusal.message}`, {
    cause: refusal,
    ...(advice === undefined ? {} : { advice }),
  });
}
