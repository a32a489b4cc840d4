/**
 * All commands.
 *
 * A noun's folder declares its commands; what a command does is loaded when it runs, so that `perdure dev` starts at once.
 */
import { addDeployments } from "./deployments/deployments.ts";
import { addCalls } from "./calls/calls.ts";
import { addDev } from "./dev.ts";
import { addInvocations } from "./invocations/invocations.ts";
import { emptyProgram, explainErrors, type Program } from "./root.ts";
import { addEnv } from "./environment/env.ts";
import { addServices } from "./services/services.ts";
import { addVerifyAws } from "./verify-aws.ts";

/** With all commands, in the order in which help shows them. */
export function program(): Program {
  const root = emptyProgram();
  addDev(root);
  addCalls(root);
  addEnv(root);
  addServices(root);
  addDeployments(root);
  addInvocations(root);
  addVerifyAws(root);
  explainErrors(root);
  return root;
}
