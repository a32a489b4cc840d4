/** Finds the deployment that was meant: by its id, the beginning of one, or its address. */
import type { AdminClient } from "../admin-client.ts";
import { CommandError, EXIT } from "../exit.ts";
import { didYouMean } from "../suggest.ts";
import { type AnsweredDeployment, deploymentIn } from "./deployment-answer.ts";

/** Throws {@link CommandError} if there is none, or more than one. */
export async function findDeployment(admin: AdminClient, wanted: string): Promise<AnsweredDeployment> {
  const all = (await admin.fields("GET", "/deployments")).objects("deployments").map(deploymentIn);
  const found = meant(all, wanted);
  const [first] = found;
  if (first === undefined) {
    const near = didYouMean(
      wanted,
      all.flatMap(({ id, address }) => [id, address]),
    );
    throw new CommandError(`${admin.address} has no deployment "${wanted}".${near}`, {
      exitCode: EXIT.nothing,
      advice: "`perdure deployments list` shows them.",
    });
  }
  if (found.length === 1) return first;
  throw new CommandError(
    `"${wanted}" may be each of ${found.map(({ id }) => id).join(", ")}: name one by its whole id`,
  );
}

function meant(all: readonly AnsweredDeployment[], wanted: string): readonly AnsweredDeployment[] {
  const exact = all.filter(({ id }) => id === wanted);
  if (exact.length > 0) return exact;
  const address = addressOf(wanted);
  const there = all.filter((deployment) => addressOf(deployment.address) === address);
  if (there.length > 0) return there;
  return wanted.startsWith("dp_") ? all.filter(({ id }) => id.startsWith(wanted)) : [];
}

/** As the server writes it: with the slash at its end. */
const addressOf = (text: string): string => (/^https?:/u.test(text) ? (URL.parse(text)?.href ?? text) : text);
