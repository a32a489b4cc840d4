/** Which server a command talks to: the options say it, else variables, else the one on this machine. */
import { type Door, HttpDoor } from "../door.ts";
import { UsageError } from "../exit.ts";

export interface Environment {
  /** As it is called in `--env`, or `local`. */
  readonly name: string;
  readonly admin: Door;
  /** `undefined`: the admin API says where the ingress is. */
  readonly ingress: Door | undefined;
}

/** What was asked for on the command line. */
export interface EnvironmentChoice {
  readonly url?: string | undefined;
  readonly ingressUrl?: string | undefined;
}

const LOCAL_ADMIN_URL = "http://127.0.0.1:9070";
const ADMIN_URL = "PERDURE_ADMIN_URL";
const INGRESS_URL = "PERDURE_INGRESS_URL";

/** Throws {@link UsageError} for what is no URL. */
export async function chosenEnvironment(
  choice: EnvironmentChoice,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Environment> {
  const admin = choice.url ?? variables[ADMIN_URL] ?? LOCAL_ADMIN_URL;
  const ingress = choice.ingressUrl ?? variables[INGRESS_URL];
  return {
    name: "local",
    admin: new HttpDoor(urlOf("--url", admin)),
    ingress: ingress === undefined ? undefined : new HttpDoor(urlOf("--ingress-url", ingress)),
  };
}

function urlOf(option: string, text: string): string {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (!url || !url.protocol.startsWith("http")) throw new UsageError(`${option} takes a URL, not "${text}"`);
  return url.href;
}
