/** What a subscription names as its source, and what it says of its records: `kafka://cluster/topic`, `sqs://queue`, … */
import { SUBSCRIPTION_TEXT_BYTES_MAX } from "../../lib/limits/events.ts";

const SCHEMES = ["kafka", "sqs", "sns", "events", "kinesis", "dynamodb", "s3", "schedule"] as const;
export type SourceScheme = (typeof SCHEMES)[number];

export interface Source {
  readonly scheme: SourceScheme;
  /** Of the queue, topic, bus, stream, table, bucket or schedule. Of Kafka: of the topic. */
  readonly name: string;
  /** Of Kafka alone: as the server knows it. */
  readonly cluster?: string;
}

const FORMS: Readonly<Record<SourceScheme, string>> = {
  kafka: "kafka://cluster/topic",
  sqs: "sqs://queue",
  sns: "sns://topic",
  events: "events://bus",
  kinesis: "kinesis://stream",
  dynamodb: "dynamodb://table",
  s3: "s3://bucket",
  schedule: "schedule://name",
};
const isScheme = (text: string | undefined): text is SourceScheme =>
  SCHEMES.some((scheme) => scheme === text);

/** Says in words what is wrong with it. */
export function parseSource(text: string): Source | string {
  if (Buffer.byteLength(text) > SUBSCRIPTION_TEXT_BYTES_MAX)
    return `is longer than ${SUBSCRIPTION_TEXT_BYTES_MAX} bytes`;
  const [, scheme, rest = ""] = /^([a-z0-9]+):\/\/(.*)$/su.exec(text) ?? [];
  if (!isScheme(scheme)) return `must be one of ${Object.values(FORMS).join(", ")}`;
  const parts = rest.split("/");
  if (parts.length !== (scheme === "kafka" ? 2 : 1) || parts.some((part) => !/^[\w.-]+$/u.test(part)))
    return `must be of the form ${FORMS[scheme]}`;
  const [first = "", topic] = parts;
  return topic === undefined ? { scheme, name: first } : { scheme, name: topic, cluster: first };
}

/** Whether its records have a key of their own. A standard queue has none, nor do pushes. */
export const hasKeys = ({ scheme, name }: Source): boolean =>
  ["kafka", "kinesis", "dynamodb", "s3"].includes(scheme) ||
  ((scheme === "sqs" || scheme === "sns") && name.endsWith(".fifo"));
