/** `/kafka-clusters`, with Restate's statuses and bodies: where the brokers are that subscriptions name. Secrets are shown to nobody. */
import { isSecretName } from "../../lib/log/redaction.ts";
import {
  allClusters,
  allSubscriptions,
  findCluster,
  type KafkaCluster,
  removeCluster,
  storeCluster,
} from "../events/subscription-store.ts";
import type { Subscription } from "../events/subscription.ts";
import { emptyResponse, jsonResponse, parseJsonObject } from "../http/message.ts";
import { AdminError, badField, badShape, doesNotExist } from "./error.ts";
import type { AdminExchange, AdminPorts, Handling } from "./ports.ts";
import { textsIn, viewSubscription } from "./subscriptions.ts";
import { viewTime } from "./value-view.ts";

const SECRET = "***";
const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/iu;
const BROKERS = ["bootstrap.servers", "metadata.broker.list"];
/** Besides those whose names say so: `sasl.jaas.config` holds a password, `ssl.key.pem` a key. */
const isSecret = (name: string): boolean =>
  isSecretName(name.replaceAll(".", "")) || /jaas|(?:^|\.)key\.(?:pem|pkcs)|pem$/iu.test(name);

const viewCluster = ({ name, properties, createdAtMs }: KafkaCluster) => ({
  name,
  properties: Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [key, isSecret(key) ? SECRET : value]),
  ),
  created_at: viewTime(createdAtMs),
});

export async function listClusters({ ports }: AdminExchange): Handling {
  return jsonResponse(200, { clusters: (await allClusters(ports.items)).map(viewCluster) });
}

export async function describeCluster({ ports }: AdminExchange, name: string): Handling {
  const cluster = await requireCluster(ports, name);
  const subscriptions = (await subscriptionsTo(ports, name)).map(viewSubscription);
  return jsonResponse(200, { ...viewCluster(cluster), subscriptions });
}

/** `{name, properties}`. 201; 400: no host name, or no brokers; 409: it is there. */
export async function createCluster({ ports, request }: AdminExchange): Handling {
  const { name, properties } = bodyOf(request.body);
  if (typeof name !== "string") throw badShape("request field 'name'", "must be text");
  if (!HOST_NAME.test(name)) throw badField("request field 'name'", "must be a host name");
  const cluster = { name, properties: brokersIn(properties), createdAtMs: ports.clock.now() };
  if (!(await storeCluster(ports.items, cluster, true)))
    throw new AdminError(409, `The Kafka cluster '${name}' exists already`);
  return jsonResponse(201, viewCluster(cluster), { location: `/kafka-clusters/${name}` });
}

/** `{properties}`: all of them, anew. 200; 400; 404. */
export async function changeCluster({ ports, request }: AdminExchange, name: string): Handling {
  const properties = brokersIn(bodyOf(request.body)["properties"]);
  const before = await requireCluster(ports, name);
  const cluster = { ...before, properties: withSecretsOf(before, properties) };
  if (!(await storeCluster(ports.items, cluster, false))) throw doesNotExist(`Kafka cluster '${name}'`);
  return jsonResponse(200, viewCluster(cluster));
}

/** `?force=`. 202; 404; 409 while subscriptions name it. */
export async function deleteCluster({ ports, request }: AdminExchange, name: string): Handling {
  await requireCluster(ports, name);
  const orphans = await subscriptionsTo(ports, name);
  if (orphans.length > 0 && request.query.get("force") !== "true") {
    const ids = orphans.map(({ id }) => id).join(", ");
    throw new AdminError(409, `The Kafka cluster '${name}' is used by the subscriptions ${ids}`);
  }
  await removeCluster(ports.items, name);
  return emptyResponse(202);
}

/** Tools change one property of what they have read, where secrets are hidden. A hidden one stays as it was. */
const withSecretsOf = (
  before: KafkaCluster,
  properties: Readonly<Record<string, string>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [
      key,
      value === SECRET && isSecret(key) ? (before.properties[key] ?? value) : value,
    ]),
  );

function bodyOf(bytes: Uint8Array): Record<string, unknown> {
  const body = parseJsonObject(bytes);
  if (!body) throw badShape("request body", "must be a JSON object");
  return body;
}

function brokersIn(value: unknown): Record<string, string> {
  const properties = textsIn("properties", value);
  if (!BROKERS.some((name) => (properties[name] ?? "") !== ""))
    throw badField("request field 'properties'", `must have ${BROKERS.join(" or ")}`);
  return properties;
}

async function requireCluster({ items }: AdminPorts, name: string): Promise<KafkaCluster> {
  const cluster = await findCluster(items, name);
  if (!cluster) throw doesNotExist(`Kafka cluster '${name}'`);
  return cluster;
}

const subscriptionsTo = async ({ items }: AdminPorts, name: string): Promise<readonly Subscription[]> =>
  (await allSubscriptions(items)).filter(({ source }) => source.cluster === name);
