/** What an invocation is called: `Order/ord-7731/checkout`. */
import type { Target } from "../admin/invocation.ts";
import { visibleName } from "./text.ts";

export const targetText = ({ service, key, handler }: Target): string =>
  visibleName([service, ...(key === undefined ? [] : [key]), handler].join("/"));
