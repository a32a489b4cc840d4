/** Kinds of services: the word and the drawing of each. */
import type { ServiceType } from "../admin/service.ts";
import type { IconName } from "../parts/icon-paths.ts";

export const TYPE_WORDS: Readonly<Record<ServiceType, string>> = {
  Service: "service",
  VirtualObject: "object",
  Workflow: "workflow",
};
export const TYPE_ICONS: Readonly<Record<ServiceType, IconName>> = {
  Service: "code",
  VirtualObject: "object",
  Workflow: "diamond",
};
