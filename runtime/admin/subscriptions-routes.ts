/** The paths of event sources. */
import { route, type Route } from "../http/router.ts";
import type { AdminExchange, Handling } from "./ports.ts";
import {
  changeCluster,
  createCluster,
  deleteCluster,
  describeCluster,
  listClusters,
} from "./subscriptions-clusters.ts";
import { deliverEvent } from "./subscriptions-events.ts";
import {
  describeRejected,
  dropAllRejected,
  dropRejected,
  listRejected,
  retryAllRejected,
  retryRejected,
} from "./subscriptions-rejected.ts";
import { changeSubscription, replaySubscription, skipSubscription } from "./subscriptions-steer.ts";
import { makeSubscription, endSubscription, showSubscription, viewSubscriptions } from "./subscriptions.ts";

export const EVENT_ROUTES: readonly Route<AdminExchange, Handling>[] = [
  route("GET", "/subscriptions", viewSubscriptions),
  route("POST", "/subscriptions", makeSubscription),
  route("GET", "/subscriptions/:id", (x, { id }) => showSubscription(x, id)),
  route("PATCH", "/subscriptions/:id", (x, { id }) => changeSubscription(x, id)),
  route("DELETE", "/subscriptions/:id", (x, { id }) => endSubscription(x, id)),
  route("POST", "/subscriptions/:id/skip", (x, { id }) => skipSubscription(x, id)),
  route("POST", "/subscriptions/:id/replay", (x, { id }) => replaySubscription(x, id)),
  route("GET", "/kafka-clusters", listClusters),
  route("POST", "/kafka-clusters", createCluster),
  route("GET", "/kafka-clusters/:name", (x, { name }) => describeCluster(x, name)),
  route("PATCH", "/kafka-clusters/:name", (x, { name }) => changeCluster(x, name)),
  route("DELETE", "/kafka-clusters/:name", (x, { name }) => deleteCluster(x, name)),
  route("GET", "/events/rejected", listRejected),
  route("GET", "/events/rejected/:subscription/:id", (x, { subscription, id }) =>
    describeRejected(x, subscription, id),
  ),
  route("POST", "/events/rejected/:subscription/retry", (x, { subscription }) =>
    retryAllRejected(x, subscription),
  ),
  route("POST", "/events/rejected/:subscription/drop", (x, { subscription }) =>
    dropAllRejected(x, subscription),
  ),
  route("DELETE", "/events/rejected/:subscription/:id", (x, { subscription, id }) =>
    dropRejected(x, subscription, id),
  ),
  route("POST", "/events/rejected/:subscription/:id/retry", (x, { subscription, id }) =>
    retryRejected(x, subscription, id),
  ),
  route("POST", "/events/rejected/:subscription/:id/drop", (x, { subscription, id }) =>
    dropRejected(x, subscription, id),
  ),
  route("POST", "/events/:subscription", (x, { subscription }) => deliverEvent(x, subscription)),
];
