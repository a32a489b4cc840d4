/** A service as the admin API answers it: `GET /services`. */
import type { AnswerFields } from "../../lib/answer-fields.ts";

export type ServiceType = "Service" | "VirtualObject" | "Workflow";

export interface HandlerInfo {
  readonly name: string;
  /** As Restate names it: Exclusive, Shared, Workflow; of a service's handler there is none. */
  readonly kind: string | undefined;
  readonly isPublic: boolean;
  readonly fields: AnswerFields;
}
export interface ServiceInfo {
  readonly name: string;
  readonly type: ServiceType;
  readonly deployment: string | undefined;
  readonly revision: number;
  readonly isPublic: boolean;
  readonly handlers: readonly HandlerInfo[];
  readonly fields: AnswerFields;
}

export const serviceOf = (fields: AnswerFields): ServiceInfo => ({
  name: fields.text("name"),
  type: fields.text("ty") as ServiceType,
  deployment: fields.optionalText("deployment_id"),
  revision: fields.optionalNumber("revision") ?? 0,
  isPublic: fields.flag("public"),
  handlers: fields.objects("handlers").map((handler) => ({
    name: handler.text("name"),
    kind: handler.optionalText("ty"),
    isPublic: handler.flag("public"),
    fields: handler,
  })),
  fields,
});
