/**
 * The rows. Rows that are far from what is seen are not in the page: blocks of them are replaced by their height, so that a
 * thousand rows cost no more than a screenful.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import type { Invocation } from "../../admin/invocation.ts";
import { Id, targetText, TargetName } from "../../parts/names.tsx";
import { useNow } from "../../parts/now.ts";
import { InvocationStatus } from "../../parts/status.tsx";
import { to } from "../../routes.ts";
import { shortId, visible } from "../../words/text.ts";
import { clockTime, wholeTime } from "../../words/time.ts";
import {
  agesOf,
  type AttemptLimits,
  attemptWords,
  type Parked,
  type RowContext,
  wordsOf,
} from "./row-words.ts";

export const COLUMNS = {
  for: "For",
  attempt: "Attempt",
  created: "Accepted",
  deployment: "Deployment",
} as const;
export type Column = keyof typeof COLUMNS;

export interface RowsProps {
  readonly rows: readonly Invocation[];
  readonly gone: ReadonlySet<string>;
  readonly columns: ReadonlySet<Column>;
  readonly selected: ReadonlySet<string>;
  readonly limits: AttemptLimits;
  readonly parked: ReadonlyMap<string, Parked>;
  readonly sameErrors: ReadonlyMap<string, number>;
  /** `toLast`: all from the one that was picked before. */
  readonly onPick: (row: Invocation, toLast: boolean) => void;
}

const BLOCK_ROWS = 50;
/** Blocks this near to what is seen are in the page. */
const NEAR_PX = 1200;

export function Rows(props: RowsProps) {
  const { rows } = props;
  const blocks = Array.from({ length: Math.ceil(rows.length / BLOCK_ROWS) }, (_, index) =>
    rows.slice(index * BLOCK_ROWS, (index + 1) * BLOCK_ROWS),
  );
  return (
    <>
      {blocks.map((block, index) => (
        <Block key={block[0]?.id ?? index} isFirst={index === 0} columns={props.columns.size}>
          {block.map((row) => (
            <Row key={row.id} row={row} {...props} />
          ))}
        </Block>
      ))}
    </>
  );
}

interface BlockProps {
  readonly isFirst: boolean;
  readonly columns: number;
  readonly children: ComponentChildren;
}
/** Columns that are always there: box, invocation, status, words. */
const FIXED_COLUMNS = 4;

function Block({ isFirst, columns, children }: BlockProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  const heightPx = useRef(0);
  const [isNear, setNear] = useState(isFirst);
  useEffect(() => {
    const { current } = body;
    if (current === null) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry === undefined) return;
        // What has the focus stays, wherever the page was scrolled to.
        const stays = entry.isIntersecting || current.contains(document.activeElement);
        if (!stays) heightPx.current = current.getBoundingClientRect().height;
        setNear(stays);
      },
      { rootMargin: `${NEAR_PX}px` },
    );
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  const isShown = isNear || heightPx.current === 0;
  return (
    <tbody ref={body}>
      {isShown ? (
        children
      ) : (
        <tr aria-hidden="true">
          <td colSpan={FIXED_COLUMNS + columns} style={{ height: `${heightPx.current}px` }}>
            {" "}
          </td>
        </tr>
      )}
    </tbody>
  );
}

interface RowProps extends RowsProps {
  readonly row: Invocation;
}

function Row({ row, gone, columns, selected, limits, parked, sameErrors, onPick }: RowProps) {
  const now = useNow();
  const { route } = useLocation();
  const isSelected = selected.has(row.id);
  const open = (event: MouseEvent): void => {
    const isOwn =
      event.target instanceof Element && event.target.closest("a, button, input, td.pick") !== null;
    if (!isOwn && getSelection()?.isCollapsed !== false) route(to.invocation(row.id));
  };
  return (
    // The link in the row is what the keyboard opens.
    <tr
      class={gone.has(row.id) ? "go past" : "go"}
      aria-selected={isSelected}
      data-id={row.id}
      onClick={open}
    >
      <td class="pick">
        <input
          type="checkbox"
          aria-label={`Select ${targetText(row.target)}, ${shortId(row.id)}`}
          checked={isSelected}
          onClick={(event) => onPick(row, event.shiftKey)}
        />
      </td>
      <td class="c-t">
        <TargetName of={row.target} href={to.invocation(row.id)} />
        <Id id={row.id} />
      </td>
      <td class="nowrap in">
        <InvocationStatus of={row} />
      </td>
      {columns.has("for") && <Ages of={row} now={now} />}
      {columns.has("attempt") && <td class="r num gone">{attemptWords(row, limits)}</td>}
      {columns.has("created") && (
        <td class="r num nowrap gone" title={wholeTime(row.createdMs)}>
          {clockTime(row.createdMs, now)}
        </td>
      )}
      {columns.has("deployment") && <DeploymentCell id={row.deployment} />}
      <WordsCell
        {...{ row, now }}
        isGone={gone.has(row.id)}
        context={{ parked: parked.get(row.id), sameError: sameErrors.get(row.id) }}
      />
    </tr>
  );
}

function Ages({ of, now }: { readonly of: Invocation; readonly now: number }) {
  const { for: howLong, since } = agesOf(of, now);
  return (
    <td class="r num nowrap age" title={`accepted ${wholeTime(of.createdMs)}`}>
      {howLong}
      <div class="sub only-wide">{since}</div>
    </td>
  );
}

const DeploymentCell = ({ id }: { readonly id: string | undefined }) => (
  <td class="nowrap gone">
    {id === undefined ? (
      <span class="muted">none yet</span>
    ) : (
      <a class="id" href={to.deployment(id)} title={id}>
        {shortId(id)}
      </a>
    )}
  </td>
);

interface WordsCellProps {
  readonly row: Invocation;
  readonly now: number;
  readonly isGone: boolean;
  readonly context: RowContext;
}
function WordsCell({ row, now, isGone, context }: WordsCellProps) {
  const { first, second } = wordsOf(row, now, context);
  const text = visible(first);
  return (
    <td class="c-w in last">
      <bdi class="cut line" title={text}>
        {text}
      </bdi>
      <div class="sub cut line">{isGone ? "does not match any more" : visible(second ?? "")}</div>
    </td>
  );
}
