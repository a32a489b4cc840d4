/**
 * An answer in Arrow's IPC stream format, which Restate's CLI and notebooks read: a schema, batches of rows, the end. Types: type.ts.
 * Which values they take: value.ts.
 */
import { ARROW_BATCH_ROWS_MAX } from "../../../lib/limits/http.ts";
import { type ArrowColumn, batchMessage, END_OF_STREAM, schemaMessage } from "./message.ts";
import { asText, firstMisfit } from "./value.ts";
import { addValues, type ValueBuffers } from "./value-buffers.ts";

/** A row has its values in the order of the columns. A value that its column's type does not take is a RangeError. */
export function arrowStream(
  columns: readonly ArrowColumn[],
  rows: readonly (readonly unknown[])[],
): Uint8Array {
  const parts = [...schemaMessage(columns)];
  for (let from = 0; from < rows.length; from += ARROW_BATCH_ROWS_MAX) {
    const batch = rows.slice(from, from + ARROW_BATCH_ROWS_MAX);
    const buffers: ValueBuffers = { nodes: [], buffers: [] };
    columns.forEach((column, index) => {
      const values = batch.map((row) => row[index]);
      assertFitting(column, values, from);
      addValues(column.type, values, buffers);
    });
    parts.push(...batchMessage(batch.length, buffers));
  }
  parts.push(END_OF_STREAM);
  return Buffer.concat(parts);
}

function assertFitting({ name, type }: ArrowColumn, values: readonly unknown[], firstRow: number): void {
  const index = firstMisfit(type, values);
  if (index === -1) return;
  throw new RangeError(
    `Column '${name}', row ${firstRow + index}: ${asText(values[index])} does not fit the type ${type}.`,
  );
}
