/** Deployments, what is pinned to them, and until when: `GET /deployments` and two tables. */
import type { AnswerFields } from "../../../lib/answer-fields.ts";
import { timeOf } from "../../admin/fields.ts";
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
  /** By the deployment's id. Absent: not counted yet. */
  readonly held?: ReadonlyMap<string, Held>;
}

/** `rows`: one for each deployment, service and status. */
export function heldIn(rows: readonly AnswerFields[]): ReadonlyMap<string, Held> {
  const found = new Map<string, Held>();
  for (const row of rows) {
    const id = row.optionalText("deployment_id") ?? "";
    found.set(id, withRow(found.get(id) ?? NOTHING_HELD, row));
  }
  return found;
}

function withRow({ open, services, byStatus, timed, lastDueMs }: Held, row: AnswerFields): Held {
  const count = row.optionalNumber("invocations") ?? 0;
  const name = row.optionalText("service_name") ?? "";
  const status = (row.optionalText("status") ?? "") as Status;
  const before = services.find((service) => service.name === name)?.count ?? 0;
  const others = services.filter((service) => service.name !== name);
  const due = [lastDueMs, timeOf(row, "last_due_at")].filter((ms) => ms !== undefined);
  return {
    open: open + count,
    services: [...others, { name, count: before + count }].toSorted((a, b) => b.count - a.count),
    byStatus: new Map([...byStatus, [status, (byStatus.get(status) ?? 0) + count]]),
    timed: timed + (row.optionalNumber("timed") ?? 0),
    ...(due.length > 0 && { lastDueMs: Math.max(...due) }),
  };
}
