/** What the page is connected to: `GET /version`. */
import { askFields } from "./client.ts";
import { useLive } from "./live.ts";
import { present } from "./fields.ts";
import { shared } from "./shared.ts";

export interface Server {
  readonly version: string;
  /** Where handlers are called. */
  readonly ingress?: string;
  /** `local`: a server on this machine, which may be crashed and whose clock may jump. */
  readonly kind: "local" | "aws";
  readonly name?: string;
  readonly region?: string;
  readonly account?: string;
  readonly role?: string;
  readonly dataPath?: string;
  readonly isProduction: boolean;
  /** What stands between hands on nothing that changes anything (`perdure ui --read-only`). */
  readonly isReadOnly: boolean;
}

const SERVER_EVERY_MS = 60_000;

/** Nearly every part asks for it, and it changes when the server starts anew. */
const KEPT_MS = 10_000;

const load = shared(KEPT_MS, async (signal): Promise<Server> => {
  const answer = await askFields("/version", { signal });
  const environment = answer.object("environment");
  return {
    version: answer.text("version"),
    ...present("ingress", answer.optionalText("ingress_endpoint")),
    kind: environment?.optionalText("kind") === "aws" ? "aws" : "local",
    ...present("name", environment?.optionalText("name")),
    ...present("region", environment?.optionalText("region")),
    ...present("account", environment?.optionalText("account")),
    ...present("role", environment?.optionalText("role")),
    ...present("dataPath", environment?.optionalText("data_path")),
    isProduction: environment?.flag("is_production") === true,
    isReadOnly: environment?.flag("read_only") === true,
  };
});

export const useServer = () => useLive("server", load, SERVER_EVERY_MS);
