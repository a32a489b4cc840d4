/** Writes for turns in other processes: what a turn knows already is not sent to it, and what it would ask for next is done at once. */
import type { Attributes, Put, Write } from "../../lib/model/item.ts";

/** What a write has come to, for one who may know the item as it was. */
export interface VersionedResult {
  readonly won: boolean;
  /** Left out: won, and the item is what the write makes of the one that is known ({@link written}). */
  readonly item?: Attributes | undefined;
  /** Of the item as it is now, if the write was won and has left one. */
  readonly version?: string;
  /** See {@link FollowedResult}. */
  readonly followed?: true;
}

/** What {@link LocalItemStore} can besides: not to answer what is known. */
export interface VersionedWrites {
  /** `known`: the version of the item that the writer knows; empty: none. `followers`: are done right after the write, if it is won. The
   * caller may not change what it passes any more, nor the item of the answer. */
  writeVersioned(write: Write, known: string, followers?: readonly Put[]): Promise<VersionedResult>;
}
