/**
 * All commands.
 *
 * A noun's folder declares its commands; what a command does is loaded when it runs, so that `perdure dev` starts at once.
 */
import { addCosts } from "./costs/costs.ts";
import { addDeployments } from "./deployments/deployments.ts";
import { addCalls } from "./calls/calls.ts";
import { addDev, addUp } from "./dev.ts";
import { addEvents } from "./events/events.ts";
import { addInit } from "./init/init.ts";
import { addInvocations } from "./invocations/invocations.ts";
import { emptyProgram, explainErrors, type Program } from "./root.ts";
import { addEnv } from "./environment/env.ts";
import { addReplay } from "./replay/replay.ts";
import { addServer } from "./server/server.ts";
import { addServices } from "./services/services.ts";
import { addSql } from "./sql/sql.ts";
import { addSubscriptions } from "./subscriptions/subscriptions.ts";
import { addState } from "./state/state.ts";
import { addUi } from "./ui/ui.ts";
import { addExport } from "./exports/export.ts";
import { addVerifyAws } from "./verify-aws.ts";

/** With all commands, in the order in which help shows them. */
export function program(): Program {
  const root = emptyProgram();
  root.commandsGroup("Begin:");
  addInit(root);
  root.commandsGroup("Serve on this machine:");
  addDev(root);
  addUp(root);
  root.commandsGroup("Services and what serves them:");
  addServices(root);
  addDeployments(root);
  addSubscriptions(root);
  addEvents(root);
  root.commandsGroup("Call handlers:");
  addCalls(root);
  root.commandsGroup("Invocations and state:");
  addInvocations(root);
  addState(root);
  addReplay(root);
  addCosts(root);
  addSql(root);
  root.commandsGroup("This command line and its server:");
  addEnv(root);
  addServer(root);
  addUi(root);
  root.commandsGroup("AWS:");
  addExport(root);
  addVerifyAws(root);
  explainErrors(root);
  return root;
}
