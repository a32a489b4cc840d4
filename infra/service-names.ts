/** The names of a service's services: those that the stack lists, those that the code serves, and whose they are. */
import { Annotations } from "aws-cdk-lib";
import type { Construct, IConstruct } from "constructs";
import type { HandlerBundle } from "./handler-bundle.ts";
import { servedNames, type ServedService } from "./served-names.ts";
import type { EntryProps, RegisteredProps, ServiceFunctionProps } from "./service-props.ts";

/** What a construct serves: the names, and what the file says of each. `served` is empty if it cannot be asked. */
export interface NamesIn {
  readonly services: readonly string[];
  readonly served: readonly ServedService[];
}

/** What a file serves. Throws `Error` if the list says something else, or if there is no list and the file cannot be asked. */
export function namesIn(
  scope: Construct,
  { services, environment = {} }: Pick<EntryProps, "services"> & ServiceFunctionProps,
  { bundle, entry }: { readonly bundle: HandlerBundle; readonly entry: string },
): NamesIn {
  const { names, served = [], reason = "" } = servedNames(bundle, entry, environment);
  if (names)
    return { services: services ? assertSame(services, names, entry) : assertSome(names, entry), served };
  if (!services)
    throw new Error(
      `${entry} cannot be asked what it serves: ${reason}\nThe file is loaded when the stack is made, with the service's \`environment\`, without credentials, and with ${JSON.stringify("unknown-at-synth")} for values that only a deployment knows. If it cannot be loaded like that, list its services: services: ["…"].`,
    );
  const text = `${entry} cannot be asked whether it serves ${services.join(", ")}: ${reason}`;
  Annotations.of(scope).addWarningV2("perdure:services-not-checked", text);
  return { services, served };
}

function assertSome(names: readonly string[], entry: string): readonly string[] {
  if (names.length > 0) return names;
  throw new Error(`${entry} serves nothing: its default export is an empty list`);
}

/** In the order of the list. */
function assertSame(services: readonly string[], names: readonly string[], entry: string): readonly string[] {
  const missing = services.filter((name) => !names.includes(name));
  const unnamed = names.filter((name) => !services.includes(name));
  if (missing.length === 0 && unnamed.length === 0) return services;
  throw new Error(
    `services: ${JSON.stringify(services)}, but ${entry} serves ${JSON.stringify(names)}. Correct the list, or leave it out: then the names are read from the file.`,
  );
}

interface Claim {
  /** The path of the construct that has the service. */
  readonly owner: string;
  /** What its file said of it. */
  readonly served: ServedService | undefined;
}

/** By app: which construct has which service of which runtime. */
const claims = new WeakMap<IConstruct, Map<string, Claim>>();

/** What is known of a service of a runtime, when the whole app is made. `undefined`: another app serves it, or its file cannot be asked. */
export const servedAs = (scope: Construct, registrarArn: string, name: string): ServedService | undefined =>
  claims.get(scope.node.root)?.get(keyOf(registrarArn, name))?.served;

const keyOf = (registrarArn: string, name: string): string => `${registrarArn} ${name}`;

/**
 * A service belongs to one function of a runtime. `served`: what the file says of its services, if there is one that can be asked.
 * Throws `Error` if another construct of the app has a service, or if it is named twice.
 */
export function claimNames(
  scope: Construct,
  names: readonly string[],
  { runtime, replaces }: RegisteredProps,
  served: readonly ServedService[] = [],
): void {
  const { root, path } = scope.node;
  const ofApp = claims.get(root) ?? new Map<string, Claim>();
  claims.set(root, ofApp);
  for (const name of names) {
    const key = keyOf(runtime.registrarArn, name);
    const owner = ofApp.get(key)?.owner;
    if (owner === path) throw new Error(`services: ${name} is there twice`);
    if (owner !== undefined && owner !== replaces?.node.path)
      throw new Error(
        `${name} is served by ${owner} already: a service belongs to one function of a runtime. If it moves: \`replaces\`.`,
      );
    ofApp.set(key, { owner: path, served: served.find((each) => each.name === name) });
  }
}
