/** What a function must serve and have access to, by what its stack says and its earlier versions serve. */
import { DEPLOYMENT_GRACE_MS } from "../../lib/limits.ts";
import type { Deployment } from "../../lib/model/manifest.ts";

/** The role gives the handlers access only to the items of the services that the stack names. Throws `Error`. */
export function assertServes({ services }: Deployment, named: readonly string[]): void {
  const served = services.map(({ name }) => name);
  const unnamed = served.filter((name) => !named.includes(name));
  const unserved = named.filter((name) => !served.includes(name));
  const parts = [
    ...(unnamed.length > 0 ? [`serves ${unnamed.join(", ")}, which the stack does not name`] : []),
    ...(unserved.length > 0 ? [`does not serve ${unserved.join(", ")}, which the stack names`] : []),
  ];
  if (parts.length > 0)
    throw new Error(`the function ${parts.join(" and ")}: set \`services\` to [${quoted(served)}]`);
}

/** The services of earlier versions to which its role has no access. */
export function goneFrom(earlier: readonly Deployment[], accessible: readonly string[]): readonly string[] {
  const served = earlier.flatMap(({ services }) => services.map(({ name }) => name));
  return [...new Set(served)].filter((name) => !accessible.includes(name)).toSorted();
}

/**
 * The versions that a rollback to `target` undoes: newer, and so new that the stack may still be rolled back. What only they serve may
 * go again.
 */
export const isUndone = (
  { createdAtMs }: Deployment,
  target: Deployment | undefined,
  nowMs: number,
): boolean =>
  target !== undefined && createdAtMs > target.createdAtMs && createdAtMs > nowMs - DEPLOYMENT_GRACE_MS;

/** Throws `Error` that says what to set. */
export function assertKept(lost: readonly string[], former: readonly string[]): void {
  if (lost.length === 0) return;
  const names = lost.join(", ");
  throw new Error(
    `earlier versions of the function serve ${names}, and its role would lose access to that while they may still run invocations: ` +
      `set \`formerServices\` to [${quoted([...former, ...lost])}]. With \`allowBreakingChanges\`, what is in flight of ${names} is given up`,
  );
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");
