/** A role for schedules. Only the Scheduler of this account may assume it. A schedule of another account that names the role is refused. */
import { Stack } from "aws-cdk-lib";
import { type PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";

export function schedulerRole(scope: Construct, id: string, statements: readonly PolicyStatement[]): Role {
  const role = new Role(scope, id, {
    assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
      conditions: { StringEquals: { "aws:SourceAccount": Stack.of(scope).account } },
    }),
  });
  for (const statement of statements) role.addToPolicy(statement);
  return role;
}
