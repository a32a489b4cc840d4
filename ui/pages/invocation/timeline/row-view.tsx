/** One row of the timeline: its name and value at the left, its bars on the track. What the bars say stands in it as text, too. */
import { Icon } from "../../../parts/icon.tsx";
import { to } from "../../../routes.ts";
import type { PlacedRow } from "./layout.ts";

interface RowProps {
  readonly row: PlacedRow;
  /** From 1 on, among all rows. */
  readonly number: number;
  readonly isCurrent: boolean;
  readonly isOpen: boolean;
  readonly onFold: () => void;
}

export function TimelineRow({ row, number, isCurrent, isOpen, onFold }: RowProps) {
  const { level, isLane, icon, title, note, spoken, isExpandable, isExpanded, invocationId } = row;
  const classes = ["tl-row", isLane ? "lane" : "", isOpen ? "sel" : "", isCurrent ? "cur" : ""];
  return (
    <div
      class={classes.filter(Boolean).join(" ")}
      role="row"
      tabIndex={isCurrent ? 0 : -1}
      aria-level={level}
      aria-rowindex={number}
      aria-selected={isOpen}
      {...(isExpandable && { "aria-expanded": isExpanded })}
      data-key={row.key}
    >
      <div class={`l d${Math.min(level - 1, 8)}`} role="rowheader">
        {isExpandable ? (
          <button
            type="button"
            class="tw"
            tabIndex={-1}
            aria-expanded={isExpanded}
            aria-label={`Operations of ${title}`}
            onClick={onFold}
          >
            <Icon name="chev" />
          </button>
        ) : (
          <span class="tw" aria-hidden="true" />
        )}
        <Icon name={icon} small />
        <bdi class="nm" title={title}>
          {title === "" ? <i class="faint">no name</i> : title}
          {invocationId !== undefined && (
            <a
              class="sub open-link"
              tabIndex={-1}
              href={to.invocation(invocationId)}
              title="Open this invocation"
            >
              <Icon name="link" small />
            </a>
          )}
        </bdi>
        <span class="sr">{spoken}</span>
        {note !== "" && (
          <bdi class="vl" title={note}>
            {note}
          </bdi>
        )}
      </div>
      <div class="track" role="gridcell">
        {row.bars.map(({ kind, left, width, title: what }, index) => (
          <span
            key={index}
            class={`bar ${kind}`}
            title={what}
            style={{ left: `${left}%`, width: `${width}%` }}
          />
        ))}
        {row.marks.map(({ kind, left, title: what }, index) => (
          <span key={index} class={`mk ${kind}`} title={what} style={{ left: `${left}%` }} />
        ))}
        {row.label && <Label of={row.label} />}
      </div>
    </div>
  );
}

function Label({
  of: { text, left, isBefore, isBad, besideMark },
}: {
  readonly of: NonNullable<PlacedRow["label"]>;
}) {
  const classes = ["dur", isBefore ? "before" : "", besideMark ? "m" : ""].filter(Boolean).join(" ");
  return (
    <span class={classes} style={{ left: `${left}%` }}>
      {isBad ? <b>{text}</b> : text}
    </span>
  );
}
