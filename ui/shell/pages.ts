/** The pages in the navigation. */
import type { IconName } from "../parts/icon-paths.ts";
import { to } from "../routes.ts";

export interface PageLink {
  readonly name: string;
  readonly href: () => string;
  readonly icon: IconName;
  /** After `g`. */
  readonly key: string;
  /** Left out of the bar on a phone; the palette has it. */
  readonly long?: boolean;
}

export const PAGES: readonly PageLink[] = [
  { name: "Overview", href: to.overview, icon: "grid", key: "o" },
  { name: "Invocations", href: () => to.invocations(), icon: "list", key: "i" },
  { name: "Objects", href: () => to.objects(), icon: "object", key: "b" },
  { name: "Services", href: to.services, icon: "state", key: "s" },
  { name: "Playground", href: () => to.playground(), icon: "play", key: "p" },
  { name: "Deployments", href: to.deployments, icon: "box", key: "d", long: true },
  { name: "Events", href: to.events, icon: "in", key: "e", long: true },
  { name: "Timers", href: to.timers, icon: "clock", key: "t", long: true },
  { name: "SQL", href: () => to.sql(), icon: "code", key: "q", long: true },
];
