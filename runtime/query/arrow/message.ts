/**
 * Messages of Arrow's stream format, each a piece of metadata and a body:
 *
 *   i32 -1 | i32 size of the metadata | metadata, a flatbuffer | body: the buffers, each padded to 8 bytes
 *
 * The last message has no metadata. The tables are those of Arrow's Message.fbs and Schema.fbs.
 */
import { type TableField, FlatbufferWriter, type Reference } from "./flatbuffer.ts";
import { type ArrowType, fieldOf } from "./type.ts";
import type { ValueBuffers } from "./value-buffers.ts";

export interface ArrowColumn {
  readonly name: string;
  readonly type: ArrowType;
}

const CONTINUATION = -1;
const PADDING = 8;
/** `MetadataVersion` and `MessageHeader` of the .fbs files. */
const VERSION_5 = 4;
const HEADER = { schema: 1, recordBatch: 3 } as const;
/** `Endianness` of Schema.fbs. */
const LITTLE_ENDIAN = 0;

export const END_OF_STREAM: Uint8Array = prefix(0);

function prefix(metadataSize: number): Uint8Array {
  const bytes = Buffer.alloc(2 * 4);
  bytes.writeInt32LE(CONTINUATION, 0);
  bytes.writeInt32LE(metadataSize, 4);
  return bytes;
}

export function schemaMessage(columns: readonly ArrowColumn[]): readonly Uint8Array[] {
  const writer = new FlatbufferWriter();
  const fields = writer.references(columns.map(({ name, type }) => fieldOf(writer, name, type)));
  const schema = writer.table([{ bytes: 2, value: LITTLE_ENDIAN }, fields]);
  return message(writer, HEADER.schema, schema, []);
}

export function batchMessage(rows: number, { nodes, buffers }: ValueBuffers): readonly Uint8Array[] {
  const writer = new FlatbufferWriter();
  const body = buffers.flatMap((buffer) => [buffer, Buffer.alloc(paddingOf(buffer.length))]);
  let offset = 0;
  const places = buffers.map(({ length }): readonly [number, number] => {
    const place = offset;
    offset += length + paddingOf(length);
    return [place, length];
  });
  const listed = writer.pairs(places);
  const batch = writer.table([{ bytes: 8, value: rows }, writer.pairs(nodes), listed]);
  return message(writer, HEADER.recordBatch, batch, body);
}

const paddingOf = (size: number): number => (PADDING - (size % PADDING)) % PADDING;

function message(
  writer: FlatbufferWriter,
  kind: number,
  header: Reference,
  body: readonly Uint8Array[],
): readonly Uint8Array[] {
  const bodySize = body.reduce((size, { length }) => size + length, 0);
  const fields: readonly TableField[] = [
    { bytes: 2, value: VERSION_5 },
    { bytes: 1, value: kind },
    header,
    { bytes: 8, value: bodySize },
  ];
  const metadata = writer.finish(writer.table(fields));
  return [prefix(metadata.length), metadata, ...body];
}
