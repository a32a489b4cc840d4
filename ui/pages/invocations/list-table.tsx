/** The table around the rows. It says when somebody points at it or is in it: then nothing moves. */
import type { RefObject } from "preact";
import { COLUMNS, Rows, type RowsProps } from "./rows.tsx";

interface ListTableProps extends RowsProps {
  readonly table: RefObject<HTMLTableElement | null>;
  readonly isCompact: boolean;
  readonly isBusy: boolean;
  readonly onTouch: (isTouched: boolean) => void;
  readonly onPickShown: () => void;
}

export function ListTable({ table, isCompact, isBusy, onTouch, onPickShown, ...rows }: ListTableProps) {
  const shownSelected = rows.rows.filter(({ id }) => rows.selected.has(id)).length;
  const isAll = shownSelected === rows.rows.length;
  const leave = (): void => onTouch(table.current?.contains(document.activeElement) ?? false);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- it only holds the rows still
    <section
      class="card list"
      aria-label="Invocations"
      onMouseEnter={() => onTouch(true)}
      onMouseLeave={leave}
      onFocusIn={() => onTouch(true)}
      onFocusOut={(event) => {
        const { relatedTarget, currentTarget } = event;
        const stays = relatedTarget instanceof Node && currentTarget.contains(relatedTarget);
        if (!stays && !currentTarget.matches(":hover")) onTouch(false);
      }}
    >
      <table ref={table} class={isCompact ? "cards compact" : "cards"} aria-busy={isBusy}>
        <thead>
          <tr>
            <th>
              <input
                type="checkbox"
                aria-label="Select all that are shown"
                checked={isAll}
                ref={(box) => {
                  if (box) box.indeterminate = shownSelected > 0 && !isAll;
                }}
                onClick={onPickShown}
              />
            </th>
            <th>Invocation</th>
            <th>Status</th>
            {rows.columns.has("for") && <th class="r">{COLUMNS.for}</th>}
            {rows.columns.has("attempt") && <th class="r">{COLUMNS.attempt}</th>}
            {rows.columns.has("created") && <th class="r">{COLUMNS.created}</th>}
            {rows.columns.has("deployment") && <th>{COLUMNS.deployment}</th>}
            <th>Waits for · error · result</th>
          </tr>
        </thead>
        <Rows {...rows} />
      </table>
    </section>
  );
}
