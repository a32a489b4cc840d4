/** Where an invocation is stored: its head, its pages, its input, its values. */
import { type Incarnation, type InvocationId, journalPartition } from "./ids.ts";
import type { ItemKey } from "./item.ts";

export const HEAD = "head";
export const headKey = (id: InvocationId): ItemKey => ({
  table: "journal",
  pk: journalPartition(id),
  sk: HEAD,
});
export const valueKey = (id: InvocationId, ref: string): ItemKey => ({
  table: "journal",
  pk: journalPartition(id),
  sk: ref,
});
// A derived id lives more than once, and items of an earlier life may still be there: these name their incarnation.
export const inputName = (incarnation: Incarnation): string => `input#${incarnation}`;
export const inputKey = (id: InvocationId, incarnation: Incarnation): ItemKey =>
  valueKey(id, inputName(incarnation));
export const pagePrefix = (incarnation: Incarnation): string => `page#${incarnation}#`;
export const pageKey = (id: InvocationId, incarnation: Incarnation, start: number): ItemKey =>
  valueKey(id, pagePrefix(incarnation) + String(start).padStart(8, "0"));
