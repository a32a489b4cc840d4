/** `perdure deployments list` and `describe`. */
import { REDACTED } from "../../lib/log/redaction.ts";
import type { Cli } from "../cli.ts";
import { detailLines } from "../details.ts";
import { AnswerFields } from "../fields.ts";
import { countText } from "../open-invocations.ts";
import { type Output, safe } from "../output.ts";
import { handlerTable } from "../services/show.ts";
import { type AnsweredService, serviceIn } from "../services/service-answer.ts";
import type { Column } from "../table.ts";
import { deploymentIn } from "./deployment-answer.ts";
import { type StatedDeployment, statedDeployment, statedDeployments } from "./deployment-status.ts";
import { findDeployment } from "./find.ts";

export async function printDeployments(cli: Cli): Promise<void> {
  const rows = await statedDeployments(await cli.admin());
  await cli.out.list({
    rows,
    columns: columnsFor(cli.out),
    json: jsonOfDeployment,
    empty: "No deployments. Register one: perdure deployments register http://localhost:9080",
  });
}

const columnsFor = (out: Output): readonly Column<StatedDeployment>[] => [
  { name: "ID", of: ({ id }) => id },
  { name: "STATUS", of: ({ status }) => status },
  { name: "OPEN", of: ({ pinned, isAll }) => countText(pinned, isAll), align: "right" },
  { name: "TYPE", of: ({ type }) => type },
  { name: "ADDRESS", of: ({ address }) => address, least: 24 },
  { name: "SERVICES", of: (row) => servicesText(row), least: 20 },
  { name: "CREATED", of: ({ createdAt }) => out.time(createdAt) },
  { name: "SDK", of: ({ sdkVersion }) => sdkVersion, wide: true },
];

/** With its revisions. A star: new invocations go there. */
const servicesText = ({ services, newest }: StatedDeployment): string =>
  services
    .map(({ name, revision }) => `${name} [${revision ?? "?"}]${newest.has(name) ? "*" : ""}`)
    .join(", ");

export const jsonOfDeployment = (deployment: StatedDeployment): object => ({
  ...deployment.raw,
  ...(deployment.headers.length === 0
    ? {}
    : { additional_headers: Object.fromEntries(deployment.headers.map((name) => [name, REDACTED])) }),
  status: deployment.status,
  newest_of: [...deployment.newest].toSorted(),
  open_invocations: deployment.pinned,
  open_invocations_complete: deployment.isAll,
});

export async function printDeployment(cli: Cli, wanted: string): Promise<void> {
  const admin = await cli.admin();
  const { id } = await findDeployment(admin, wanted);
  const fields = await admin.fields("GET", `/deployments/${encodeURIComponent(id)}`);
  const deployment = await statedDeployment(admin, deploymentIn(fields));
  const services = fields.objects("services").map(serviceIn);
  await cli.out.show(jsonOfDeployment(deployment), () => describedLines(cli.out, deployment, services));
}

function describedLines(
  out: Output,
  deployment: StatedDeployment,
  services: readonly AnsweredService[],
): string[] {
  return [
    ...summaryLines(out, deployment),
    ...services.flatMap((service) => [
      "",
      `${out.styled("bold", safe(service.name))} (${service.type}, revision ${service.revision ?? "?"}${
        deployment.newest.has(service.name) ? ", takes new invocations" : ""
      })`,
      ...handlerTable(out, service, "  "),
    ]),
  ];
}

export function summaryLines(out: Output, deployment: StatedDeployment): string[] {
  const { raw, metadata, headers } = deployment;
  const protocol = new AnswerFields(raw, "deployment").optionalText("http_version");
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["id", deployment.id],
    ["status", `${deployment.status}, ${openText(deployment)}`],
    ["type", protocol === undefined ? deployment.type : `${deployment.type} (${protocol})`],
    ["address", deployment.address],
    ["created", out.time(deployment.createdAt)],
    ["sdk", deployment.sdkVersion],
    ["headers", headers.length === 0 ? undefined : `${headers.join(", ")} (values are not shown)`],
    ...Object.entries(metadata).map(([name, value]) => [`metadata ${name}`, value] as const),
  ];
  return detailLines(out, rows);
}

const openText = ({ pinned, isAll }: StatedDeployment): string =>
  `${countText(pinned, isAll)} open invocation${pinned === 1 && isAll ? "" : "s"} pinned to it`;
