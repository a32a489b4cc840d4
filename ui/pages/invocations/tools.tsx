/** Beside the filter: order, density, columns; and below it what the list says of itself. */
import { Icon } from "../../parts/icon.tsx";
import type { Truth as TruthWords } from "./list-words.ts";
import { type Order, ORDERS } from "./order.ts";
import { type Column, COLUMNS } from "./rows.tsx";

interface ToolsProps {
  readonly order: Order;
  readonly isCompact: boolean;
  readonly columns: ReadonlySet<Column>;
  readonly onOrder: (order: Order) => void;
  readonly onCompact: () => void;
  readonly onColumns: (columns: ReadonlySet<Column>) => void;
  readonly onSave: () => void;
}

export function Tools({ order, isCompact, columns, onOrder, onCompact, onColumns, onSave }: ToolsProps) {
  const flip = (column: Column): void => {
    const next = new Set(columns);
    if (!next.delete(column)) next.add(column);
    onColumns(next);
  };
  return (
    <>
      <select
        class="auto"
        aria-label="Order"
        value={order}
        onChange={(event) => onOrder(event.currentTarget.value as Order)}
      >
        {Object.entries(ORDERS).map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="b only-wide"
        aria-pressed={isCompact}
        title="One line a row"
        onClick={onCompact}
      >
        <Icon name="menu" small />
        Compact
      </button>
      <details class="menu only-wide">
        <summary class="b">Columns</summary>
        <div class="menu-body">
          {(Object.keys(COLUMNS) as Column[]).map((column) => (
            <label key={column} class="row">
              <input type="checkbox" checked={columns.has(column)} onChange={() => flip(column)} />
              {COLUMNS[column]}
            </label>
          ))}
        </div>
      </details>
      <button type="button" class="b only-wide" onClick={onSave}>
        Save view
      </button>
    </>
  );
}

interface TruthProps {
  readonly of: TruthWords;
  readonly fresh: number;
  readonly isFollowing: boolean;
  readonly onShow: () => void;
  readonly onFollow: (on: boolean) => void;
  readonly onScan: () => void;
}

export const Truth = ({ of, fresh, isFollowing, onShow, onFollow, onScan }: TruthProps) => (
  <div class="row wrap sub between">
    <span>
      <span role="status">{of.text}</span>
      {of.furtherWords !== undefined && (
        <>
          {" "}
          <button type="button" class="textual" onClick={onScan}>
            {of.furtherWords}
          </button>
        </>
      )}
    </span>
    <span class="row">
      {fresh > 0 && (
        <span class="chip fresh">
          <b class="num">{fresh.toLocaleString("en-GB")} new</b>
          <button type="button" class="textual" onClick={onShow}>
            show
          </button>
        </span>
      )}
      <label class="row">
        <input
          type="checkbox"
          checked={isFollowing}
          onChange={(event) => onFollow(event.currentTarget.checked)}
        />
        Follow
      </label>
    </span>
  </div>
);
