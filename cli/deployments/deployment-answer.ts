/** Deployments, as the admin API answers them. */
import type { AnswerFields } from "../fields.ts";

export interface AnsweredDeployment {
  readonly id: string;
  /** HTTP: a process that listens. Lambda: a version of a function. Bundle: a file that the local server has built. */
  readonly type: "HTTP" | "Lambda" | "Bundle";
  readonly address: string;
  readonly createdAt: string;
  readonly sdkVersion: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Names alone: a value may be a secret. */
  readonly headers: readonly string[];
  readonly services: readonly DeployedRevision[];
  /** As it was answered. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface DeployedRevision {
  readonly name: string;
  readonly revision: number | undefined;
}

export function deploymentIn(fields: AnswerFields): AnsweredDeployment {
  const arn = fields.optionalText("arn");
  const uri = fields.optionalText("uri");
  const address = arn ?? uri ?? "";
  return {
    id: fields.text("id"),
    type: arn !== undefined ? "Lambda" : /^https?:/u.test(address) ? "HTTP" : "Bundle",
    address,
    createdAt: fields.text("created_at"),
    sdkVersion: fields.optionalText("sdk_version"),
    metadata: fields.texts("metadata"),
    headers: Object.keys(fields.object("additional_headers")?.raw ?? {}),
    services: fields
      .objects("services")
      .map((service) => ({ name: service.text("name"), revision: service.optionalNumber("revision") })),
    raw: fields.raw,
  };
}
