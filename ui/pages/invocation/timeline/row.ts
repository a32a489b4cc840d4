/** A row of a timeline, with bars in the server's time. layout.ts places them on the axis. */
import type { IconName } from "../../../parts/icon-paths.ts";
import type { Attempt } from "../model/attempts.ts";
import type { Operation } from "../model/operations.ts";
import type { DevEvent, Story } from "../model/story.ts";

export type BarKind =
  | "turn"
  | "turnx"
  | "step"
  | "live"
  | "bad"
  | "off"
  | "q"
  | "call"
  | "rest"
  | "rest open"
  | "stop";
export interface Bar {
  readonly kind: BarKind;
  readonly fromMs: number;
  readonly toMs: number;
  readonly title: string;
}
export type MarkKind = "" | "out" | "in" | "next" | "crash";
export interface Mark {
  readonly kind: MarkKind;
  readonly atMs: number;
  readonly title: string;
}

export interface Row {
  /** Unique in the timeline, and the same at every load. */
  readonly key: string;
  readonly level: number;
  readonly isLane: boolean;
  readonly icon: IconName;
  readonly title: string;
  /** At the right of the title. */
  readonly note: string;
  readonly bars: readonly Bar[];
  readonly marks: readonly Mark[];
  /** Beside the bars. */
  readonly label?: { readonly text: string; readonly isBad?: boolean };
  /** What the bars say, for readers of the screen. */
  readonly spoken: string;
  /** Rows lie in it. */
  readonly isExpandable: boolean;
  readonly isExpanded: boolean;
  /** Of the invocation whose rows these are: "Steps of …". */
  readonly invocationId?: string;
  readonly operation?: Operation;
  /** Whose operation it is. */
  readonly owner: Story;
  readonly attempt?: Attempt;
  readonly event?: DevEvent;
  /** What has no entry in the journal yet: the step that fails. */
  readonly isFailing?: boolean;
}

/** What an opened call's invocation is: there, on its way, or not kept. */
export type Child = Story | "loading" | "gone";

export interface RowsInput {
  readonly story: Story;
  readonly children: ReadonlyMap<string, Child>;
  /** Keys of rows. */
  readonly opened: ReadonlySet<string>;
  readonly view: "operations" | "turns";
  readonly nowMs: number;
}

export const rowDefaults = (owner: Story) => ({
  ...{ level: 1, isLane: false, note: "", bars: [], marks: [], spoken: "" },
  ...{ isExpandable: false, isExpanded: false, owner },
});

export const wordRow = (owner: Story, level: number, path: string, title: string): Row => ({
  ...rowDefaults(owner),
  ...{ key: `${path}word`, level, icon: "dots", title },
});
