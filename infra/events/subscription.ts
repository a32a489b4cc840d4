/**
 * A subscription that a stack makes: its entry in the registry, the alias by which its source invokes the source door, and the event source
 * mapping. The source comes last: what it delivers has somebody to take it.
 */
import { CustomResource, Token } from "aws-cdk-lib";
import { Policy } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { CfnAlias, CfnEventSourceMapping } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { sourceAlias } from "../../lib/model/source-alias.ts";
import type { PerdureFunction } from "../function.ts";
import { servedAs } from "../service-names.ts";
import { type MappingOptions, mappingOf } from "./mapping.ts";
import type { RecordSource } from "./record-source.ts";

export interface SubscribeOptions extends MappingOptions {
  /** What records are known by: under another name, all of them are new. @default `Service.handler` */
  readonly name?: string;
  /** What the key of an object or a workflow is taken from: `record`, `header:NAME`, `json:$.path`, `constant:TEXT` or `random`. @default "record" */
  readonly key?: string;
  /** What a record without a key gets: `random` or `constant:TEXT`. @default it is set aside */
  readonly keyIfMissing?: string;
  /** Grows when all records shall run once more. @default 0 */
  readonly generation?: number;
}

export interface SubscriptionHost {
  readonly registrarArn: string;
  readonly door: PerdureFunction;
  readonly encryptionKey: IKey | undefined;
}

/** `Service/handler`, as the registry has it: `service://Service/handler`. Throws `RangeError`. */
export function sinkOf(sink: string): { readonly service: string; readonly handler: string } {
  const [, service, handler] = /^(?:service:\/\/)?([^/]+)\/([^/]+)$/u.exec(sink) ?? [];
  if (service === undefined || handler === undefined)
    throw new RangeError(`subscribe: ${JSON.stringify(sink)} is not of the form "Service/handler"`);
  return { service, handler };
}

export class SourceSubscription extends Construct {
  readonly subscriptionName: string;
  /** What was subscribed to, as the source door knows it. */
  readonly source: string;
  readonly sink: { readonly service: string; readonly handler: string };
  /** Whether each record has a key, or gets one. */
  readonly givesKeys: boolean;

  constructor(
    scope: Construct,
    id: string,
    source: RecordSource,
    sink: string,
    options: SubscribeOptions & { readonly name: string },
    host: SubscriptionHost,
  ) {
    super(scope, id);
    const { name, key, keyIfMissing } = options;
    this.subscriptionName = name;
    this.sink = sinkOf(sink);
    this.givesKeys = source.hasKeys || (key ?? "record") !== "record" || keyIfMissing !== undefined;
    const { door, encryptionKey } = host;
    const {
      text,
      access,
      mapping,
      failsWhole = false,
    } = source.attach(this, { subscription: name, encryptionKey });
    this.source = text;
    this.node.addValidation({ validate: () => this.#faults(host.registrarArn) });
    const registration = this.#register(options, host.registrarArn);
    const alias = new CfnAlias(this, "Alias", {
      name: sourceAlias(name, failsWhole),
      functionName: door.function.functionName,
      // Its code is the runtime's: there is nothing to be kept of earlier versions.
      functionVersion: "$LATEST",
    });
    const made = new CfnEventSourceMapping(this, "Source", {
      ...{ ...mapping, ...mappingOf(options, source) },
      functionName: alias.ref,
    });
    made.node.addDependency(registration);
    if (access.length === 0) return;
    // Lambda looks whether the role may receive.
    made.node.addDependency(new Policy(this, "Access", { roles: [door.role], statements: [...access] }));
  }

  /** Of what this app serves. Of another app's services nothing is known. */
  #faults(registrarArn: string): string[] {
    const { service, handler } = this.sink;
    const served = servedAs(this, registrarArn, service);
    if (!served) return [];
    const faults: string[] = [];
    if (!served.handlers.includes(handler))
      faults.push(`subscribe: ${service} has no handler '${handler}'. It has ${served.handlers.join(", ")}`);
    if (served.isKeyed && !this.givesKeys)
      faults.push(
        `subscribe: ${service} needs a key, and records of this source have none: say where it is, with \`key\``,
      );
    return faults;
  }

  #register({ name, key, keyIfMissing, generation }: SubscribeOptions, registrarArn: string): CustomResource {
    const { service, handler } = this.sink;
    const options = {
      ...(key === undefined ? {} : { "perdure.key": key }),
      ...(keyIfMissing === undefined ? {} : { "perdure.key.missing": keyIfMissing }),
      ...(generation === undefined ? {} : { "perdure.generation": String(generation) }),
    };
    return new CustomResource(this, "Registration", {
      serviceToken: registrarArn,
      resourceType: "Custom::PerdureSubscription",
      properties: {
        Name: name,
        Source: this.source,
        Sink: `service://${service}/${handler}`,
        Options: options,
      },
    });
  }
}

const NAME = /^[\w.-]{1,256}$/u;

/** Throws `RangeError` for one that the registry would refuse. */
export function subscriptionNameOf({ name }: SubscribeOptions, sink: string): string {
  const { service, handler } = sinkOf(sink);
  const wanted = name ?? `${service}.${handler}`;
  if (!Token.isUnresolved(wanted) && NAME.test(wanted) && wanted !== "rejected") return wanted;
  throw new RangeError(
    `name: ${JSON.stringify(wanted)} is not a text of up to 256 letters, digits, ., _ and -`,
  );
}
