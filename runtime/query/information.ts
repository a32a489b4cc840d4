/** `information_schema`: the tables and columns that there are. */
import type { SqlValue } from "./sandbox-program.ts";
import { TABLES, TYPE_NAMES } from "./schema.ts";

type Row = Readonly<Record<string, SqlValue>>;

const PLACE = { table_catalog: "restate", table_schema: "public" } as const;

/** `undefined` for a table that is not one of these. */
export function informationRows(table: string): readonly Row[] | undefined {
  switch (table) {
    case "information_schema_schemata":
      return [{ catalog_name: PLACE.table_catalog, schema_name: PLACE.table_schema }];
    case "information_schema_tables":
      return TABLES.map(({ name }) => ({ ...PLACE, table_name: name, table_type: "VIEW" }));
    case "information_schema_columns":
      return TABLES.flatMap(({ name, columns }) =>
        columns.map((column, at) => ({
          ...{ ...PLACE, table_name: name, column_name: column.name, ordinal_position: at },
          ...{ is_nullable: "YES", data_type: TYPE_NAMES[column.type] },
        })),
      );
    default:
      return undefined;
  }
}
