/**
 * The paths of the ingress that a grant names, as the resources of `execute-api:Invoke`.
 *
 * A star in an ARN stands for any characters, slashes too. A pattern that begins with one would also match `POST/Account/Greeter/withdraw`:
 * another service's object whose key is "Greeter". So each method and each form of a path is named from its beginning.
 *
 * Ids of invocations and awakeables begin with a tag of their service (lib/model/ids.ts). So a grant for one service covers its ids
 * and no others.
 */
import { Token } from "aws-cdk-lib";
import { serviceTag } from "../lib/model/ids.ts";
import { shownIdsOf } from "../lib/model/shown-id.ts";

/** Calls and sends, by every form of the path. */
export const callPaths = (service: string): string[] =>
  ["GET", "POST"].flatMap((method) => [
    `${method}/${service}/*`,
    `${method}/restate/call/${service}/*`,
    `${method}/restate/send/${service}/*`,
  ]);

/** Results and status, by ids, workflows' keys and idempotency keys. Not by a body: no path says what is in it. */
export function resultPaths(service: string): string[] {
  return [
    ...idsOf(service).flatMap((ids) => [
      ...["GET", "POST"].flatMap((method) => [
        `${method}/restate/attach/${ids}`,
        `${method}/restate/output/${ids}`,
      ]),
      ...["attach", "output", "status"].map((what) => `GET/restate/invocation/${ids}/${what}`),
    ]),
    `GET/restate/workflow/${service}/*`,
    `GET/restate/invocation/${service}/*`,
  ];
}

export const signalPaths = (service?: string): string[] =>
  idsOf(service).map((ids) => `POST/restate/invocation/${ids}/signals/*`);

export const awakeablePaths = (service?: string): string[] =>
  ["awakeables", "a"].map((form) => `POST/restate/${form}/sign_1${tagOf(service)}*`);

/** Ids of invocations as they are shown, and as they are stored: older versions and their handlers show the latter. */
function idsOf(service: string | undefined): readonly string[] {
  const tag = tagOf(service);
  return service === undefined ? ["inv_*"] : [`${shownIdsOf(service)}*`, `inv_${tag}*`];
}

/** Without a service, ids of all services are meant. Throws `TypeError` for a name that only the deployment knows, since the tag derives from
 * it, and for one that would match more than itself. */
function tagOf(service: string | undefined): string {
  if (service === undefined) return "";
  if (Token.isUnresolved(service)) throw new TypeError("a grant for a service needs its name as a text");
  if (!/^[\w.-]+$/.test(service) || service === "restate")
    throw new TypeError(`${JSON.stringify(service)} is not a service's name`);
  return serviceTag(service);
}
