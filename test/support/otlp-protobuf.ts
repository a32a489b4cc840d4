/** The few fields of OTLP's protobuf that a comparison needs, as its JSON has them. Restate's server sends no JSON. */
type Fields = ReadonlyMap<number, readonly (Buffer | bigint)[]>;

/** Wire types: varint, 8 bytes, bytes with a length, 4 bytes. */
function fieldsOf(bytes: Buffer): Fields {
  const fields = new Map<number, (Buffer | bigint)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("a protobuf message is cut off");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const [field, type] = [Number(key >> 3n), Number(key & 7n)];
    const held = fields.get(field) ?? [];
    fields.set(field, held);
    if (type === 0) held.push(varint());
    else {
      const size = type === 1 ? 8 : type === 5 ? 4 : Number(varint());
      held.push(bytes.subarray(at, at + size));
      at += size;
    }
  }
  return fields;
}

const messages = (fields: Fields, field: number): Fields[] =>
  (fields.get(field) ?? []).filter((held) => Buffer.isBuffer(held)).map(fieldsOf);
const bytesIn = (fields: Fields, field: number): Buffer => {
  const [held] = fields.get(field) ?? [];
  return Buffer.isBuffer(held) ? held : Buffer.alloc(0);
};
const hexIn = (fields: Fields, field: number): string => bytesIn(fields, field).toString("hex");
const numberIn = (fields: Fields, field: number): number => Number(fields.get(field)?.[0] ?? 0);
const nanosIn = (fields: Fields, field: number): string => {
  const bytes = bytesIn(fields, field);
  return bytes.length === 8 ? String(bytes.readBigUInt64LE()) : "0";
};

const attributesIn = (fields: Fields, field: number) =>
  messages(fields, field).map((pair) => {
    const [value] = messages(pair, 2);
    const stringValue = value ? bytesIn(value, 1).toString() : "";
    return { key: bytesIn(pair, 1).toString(), value: { stringValue } };
  });

const spanIn = (span: Fields) => {
  const parentSpanId = hexIn(span, 4);
  const [status] = messages(span, 15);
  return {
    ...{ traceId: hexIn(span, 1), spanId: hexIn(span, 2), name: bytesIn(span, 5).toString() },
    ...(parentSpanId === "" ? {} : { parentSpanId }),
    kind: numberIn(span, 6),
    ...{ startTimeUnixNano: nanosIn(span, 7), endTimeUnixNano: nanosIn(span, 8) },
    attributes: attributesIn(span, 9),
    events: messages(span, 11).map((event) => ({
      name: bytesIn(event, 2).toString(),
      attributes: attributesIn(event, 3),
    })),
    links: messages(span, 13).map((link) => ({ traceId: hexIn(link, 1), spanId: hexIn(link, 2) })),
    status: status ? { code: numberIn(status, 3), message: bytesIn(status, 2).toString() } : {},
  };
};

/** A request's body. */
export const readProtobuf = (body: Buffer) => ({
  resourceSpans: messages(fieldsOf(body), 1).map((ofResource) => ({
    resource: { attributes: [] },
    scopeSpans: messages(ofResource, 2).map((ofScope) => ({ spans: messages(ofScope, 2).map(spanIn) })),
  })),
});
