/** What an invocation is called: `Order/ord-7731/checkout`. */
import { visibleName } from "./text.ts";

export interface Target {
  readonly service: string;
  readonly handler: string;
  readonly key?: string;
}

export const targetText = ({ service, key, handler }: Target): string =>
  visibleName([service, ...(key === undefined ? [] : [key]), handler].join("/"));
