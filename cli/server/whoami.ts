/** `perdure whoami`: which server commands talk to, what has chosen it, and whether it answers. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { HEALTH_ANSWER_MS } from "../../lib/limits/cli.ts";
import { PACKAGE_VERSION } from "../../lib/version.ts";
import { jsonOf } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { detailLines } from "../details.ts";
import { type Door, Unreachable } from "../door.ts";
import { PROJECT_FILE, userFile } from "../environment/config.ts";
import type { DeployedStack } from "../environment/environment.ts";
import { AnswerFields } from "../fields.ts";
import type { CommandError } from "../exit.ts";

export async function whoAmI(cli: Cli): Promise<void> {
  const environment = await cli.environment();
  const { name, chosenBy, admin, ingress, aws } = environment;
  const { version, failure } = await asked(admin);
  const files = [userFile(process.env), join(process.cwd(), PROJECT_FILE)].map((path) => ({
    path,
    exists: existsSync(path),
  }));
  const ingressAddress = ingress?.address ?? version?.optionalText("ingress_endpoint");
  const report = {
    ...{ environment: name, chosen_by: chosenBy, admin: admin.address, ingress: ingressAddress ?? null },
    ...placeOf(aws),
    ...{ cli_version: PACKAGE_VERSION, server_version: version?.optionalText("version") ?? null },
    ...{ healthy: failure === undefined, problem: failure?.message ?? null, files },
  };
  await cli.out.show(report, () =>
    detailLines(cli.out, [
      ["environment", `${name} (${chosenBy})`],
      ["admin API", admin.address],
      ["ingress", ingressAddress],
      ["stack", aws === undefined ? undefined : `${aws.stack} in ${aws.region}`],
      ["profile", aws?.profile],
      ["perdure", `${PACKAGE_VERSION}, Node.js ${process.versions.node}`],
      ["server", version === undefined ? undefined : `perdure ${version.optionalText("version") ?? "?"}`],
      ...files.map(({ path, exists }) => ["settings", exists ? path : `${path} (does not exist)`] as const),
      ["health", failure === undefined ? "ok" : "does not answer"],
    ]),
  );
  if (failure) throw failure;
}

const placeOf = (aws: DeployedStack | undefined) => ({
  ...{ stack: aws?.stack ?? null, region: aws?.region ?? null, profile: aws?.profile ?? null },
});

interface Asked {
  readonly version?: AnswerFields;
  readonly failure?: CommandError;
}

async function asked(admin: Door): Promise<Asked> {
  try {
    const answer = await admin.send({ method: "GET", path: "/version", timeoutMs: HEALTH_ANSWER_MS });
    return { version: new AnswerFields(jsonOf(answer), "answer") };
  } catch (error) {
    if (error instanceof Unreachable) return { failure: error };
    throw error;
  }
}
