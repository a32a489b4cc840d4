/** Deployments, what is pinned to them, and until when: `GET /deployments` and two tables. */
import type { AnswerFields } from "../../../lib/answer-fields.ts";
import { present, timeOf } from "../../admin/invocation.ts";
import type { Status } from "../../words/status.ts";

export interface DeploymentInfo {
  readonly id: string;
  /** An ARN, a URL, or, of a file that `perdure dev` serves, the id. */
  readonly address: string;
  readonly kind: "function" | "url" | "file";
  readonly createdMs: number;
  readonly services: readonly { readonly name: string; readonly revision: number }[];
  readonly fields: AnswerFields;
}

export function deploymentOf(fields: AnswerFields): DeploymentInfo {
  const [id, arn] = [fields.text("id"), fields.optionalText("arn")];
  const address = arn ?? fields.optionalText("uri") ?? id;
  return {
    id,
    address,
    kind: arn !== undefined ? "function" : address === id ? "file" : "url",
    createdMs: timeOf(fields, "created_at") ?? 0,
    services: fields
      .objects("services")
      .map((service) => ({ name: service.text("name"), revision: service.optionalNumber("revision") ?? 0 })),
    fields,
  };
}

/** What is pinned to a deployment, and holds it. */
export interface Held {
  readonly open: number;
  /** By service, the most first. */
  readonly services: readonly { readonly name: string; readonly count: number }[];
  readonly byStatus: ReadonlyMap<Status, number>;
  /** How many of them wait for a time; when the last of these times is. */
  readonly timed: number;
  readonly lastDueMs?: number;
}
export const NOTHING_HELD: Held = { open: 0, services: [], byStatus: new Map(), timed: 0 };

export interface DeploymentsData {
  /** The newest first. */
  readonly deployments: readonly DeploymentInfo[];
  readonly held: ReadonlyMap<string, Held>;
}

export function heldIn(
  pinned: readonly AnswerFields[],
  due: readonly AnswerFields[],
): ReadonlyMap<string, Held> {
  const times = new Map(
    due.map((row) => [
      row.optionalText("deployment_id") ?? "",
      { timed: row.optionalNumber("timed") ?? 0, ...present("lastDueMs", timeOf(row, "last_due_at")) },
    ]),
  );
  const found = new Map<
    string,
    { services: Map<string, number>; byStatus: Map<Status, number>; open: number }
  >();
  for (const row of pinned) {
    const id = row.optionalText("deployment_id") ?? "";
    const count = row.optionalNumber("invocations") ?? 0;
    const held = found.get(id) ?? { services: new Map(), byStatus: new Map(), open: 0 };
    const [service, status] = [
      row.optionalText("service_name") ?? "",
      (row.optionalText("status") ?? "") as Status,
    ];
    held.open += count;
    held.services.set(service, (held.services.get(service) ?? 0) + count);
    held.byStatus.set(status, (held.byStatus.get(status) ?? 0) + count);
    found.set(id, held);
  }
  return new Map(
    [...found].map(([id, { open, services, byStatus }]) => [
      id,
      {
        ...{ open, byStatus, timed: 0, ...times.get(id) },
        services: [...services]
          .map(([name, count]) => ({ name, count }))
          .toSorted((a, b) => b.count - a.count),
      },
    ]),
  );
}
