/** Beside the editor: useful queries, tables with their columns, and what was asked before. */
import type { Loaded } from "../../admin/live.ts";
import { visible } from "../../words/text.ts";
import { EXAMPLES } from "./examples.ts";
import type { Table } from "./schema.ts";

interface SideProps {
  readonly history: readonly string[];
  readonly tables: Loaded<readonly Table[]>;
  readonly onInsert: (name: string) => void;
  readonly onQuery: (sql: string) => void;
}

export function Side({ history, tables, onInsert, onQuery }: SideProps) {
  return (
    <aside class="sql-side" aria-label="What can be asked">
      <details open class="card">
        <summary>Useful queries</summary>
        <ul>
          {EXAMPLES.map(({ title, sql, cost }) => (
            <li key={title}>
              <button type="button" class="pickable" onClick={() => onQuery(sql)}>
                {title}
                <span class="sub">reads {cost}</span>
              </button>
            </li>
          ))}
        </ul>
      </details>
      <details class="card">
        <summary>Tables</summary>
        {tables.data === undefined ? (
          <p class="pad muted">{tables.error === undefined ? "Loading…" : "They could not be loaded."}</p>
        ) : (
          tables.data.map((table) => <TableColumns key={table.name} of={table} onInsert={onInsert} />)
        )}
      </details>
      {history.length > 0 && (
        <details class="card">
          <summary>Asked before</summary>
          <ul>
            {history.map((sql) => (
              <li key={sql}>
                <button type="button" class="pickable" title={sql} onClick={() => onQuery(sql)}>
                  <span class="mono cut">{visible(sql.replaceAll(/\s+/gu, " "))}</span>
                </button>
              </li>
            ))}
          </ul>
        </details>
      )}
    </aside>
  );
}

interface TableColumnsProps {
  readonly of: Table;
  readonly onInsert: (name: string) => void;
}
const TableColumns = ({ of: { name, columns }, onInsert }: TableColumnsProps) => (
  <details class="table-columns">
    <summary class="mono">{name}</summary>
    <ul>
      {columns.map((column) => (
        <li key={column.name}>
          <button
            type="button"
            class="pickable between"
            title={`Put ${column.name} into the query`}
            onClick={() => onInsert(column.name)}
          >
            <span class="mono cut">{column.name}</span>
            <span class="sub">{column.type}</span>
          </button>
        </li>
      ))}
    </ul>
  </details>
);
