/** The operations on items, as plain data: see item.ts, which says what they mean. */
import type { Value } from "./value.ts";

/** Those that keep what a runtime knows. */
export type KeptTable = "journal" | "state" | "registry";
/** `guards`: of what is soon over, in AWS (lib/store/guard-table.ts). */
export type Table = KeptTable | "guards";

export interface ItemKey {
  readonly table: Table;
  readonly pk: string;
  readonly sk: string;
}

/** Attributes of an item, without its key. An attribute is there or not; it is never `undefined`. */
export type Attributes = { [name: string]: Value };

export type Condition =
  | { readonly is: "absent" }
  | { readonly is: "present" }
  | { readonly is: "eq" | "ne" | "lt"; readonly attribute: string; readonly value: string | number }
  | { readonly is: "missing"; readonly attribute: string }
  /** The list holds exactly this many elements. */
  | { readonly is: "size"; readonly attribute: string; readonly value: number }
  | { readonly is: "all" | "any"; readonly of: readonly Condition[] };

/** One change of one attribute. An update names each attribute at most once. */
export type Change =
  | { readonly do: "set"; readonly attribute: string; readonly value: Value }
  /** Sets the attribute unless it is there. */
  | { readonly do: "init"; readonly attribute: string; readonly value: Value }
  | { readonly do: "remove"; readonly attribute: string }
  /** Appends to a list that must exist. */
  | { readonly do: "append"; readonly attribute: string; readonly values: readonly Value[] }
  /** Removes the first `count` elements of a list. */
  | { readonly do: "drop"; readonly attribute: string; readonly count: number };

export interface Put {
  readonly op: "put";
  readonly key: ItemKey;
  readonly attributes: Attributes;
  readonly when?: Condition;
}
/** Creates the item if there is none, unless the condition forbids that. */
export interface Update {
  readonly op: "update";
  readonly key: ItemKey;
  readonly changes: readonly Change[];
  readonly when?: Condition;
}
export interface Delete {
  readonly op: "delete";
  readonly key: ItemKey;
  readonly when?: Condition;
}
export type Write = Put | Update | Delete;

/**
 * Won: with the attributes as they now are (none after a delete). Refused: with the attributes that refused it (none if
 * there is no item). After an operational error nobody knows whether the write took effect.
 */
export type WriteResult =
  | { readonly won: true; readonly item: Attributes | undefined }
  | { readonly won: false; readonly item: Attributes | undefined };
