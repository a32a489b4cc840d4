/** Kafka: MSK, and brokers of one's own. */
import { Fn } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { KAFKA_BATCH_DEFAULT, RECORDS_MAX } from "../../lib/limits/events.ts";
import { decrypting } from "./queue-source.ts";
import type { AttachedSource, Attachment, RecordSource } from "./record-source.ts";

/** All that is needed of a secret. */
export interface SecretReference {
  readonly secretArn: string;
  readonly encryptionKey?: IKey | undefined;
}

interface KafkaTopic {
  /** As marks and ids of invocations know it. It is not changed: with another one, all of the topic would be new. */
  readonly cluster: string;
  readonly topic: string;
  /** @default the subscription's name */
  readonly consumerGroup?: string;
  /** Where a new consumer group begins. @default "earliest" */
  readonly from?: "earliest" | "latest";
  /** Pollers of this subscription alone. Lambda then also takes a list of failures, so a partition does not wait for another one. @default Lambda's */
  readonly pollers?: { readonly min: number; readonly max: number };
}

/** In AWS, by its ARN. */
export interface MskTopic extends KafkaTopic {
  readonly clusterArn: string;
  /** SCRAM's user and password. @default IAM */
  readonly secret?: SecretReference;
}

/** Anywhere else, by its brokers. */
export interface SelfManagedTopic extends KafkaTopic {
  readonly bootstrapServers: readonly string[];
  readonly secret?: SecretReference;
  /** How the secret is used. @default "SASL_SCRAM_512_AUTH" */
  readonly authentication?:
    | "BASIC_AUTH"
    | "SASL_SCRAM_256_AUTH"
    | "SASL_SCRAM_512_AUTH"
    | "CLIENT_CERTIFICATE_TLS_AUTH";
  /** @default the brokers are reached over the internet */
  readonly vpc?: { readonly subnetIds: readonly string[]; readonly securityGroupId: string };
}

/** Records of a topic, in the order of their partitions: `kafka://cluster/topic`. */
export const kafka = (topic: MskTopic | SelfManagedTopic): RecordSource => ({
  ...{ hasKeys: true, takesFilters: true, isQueue: false },
  ...{ batchSize: KAFKA_BATCH_DEFAULT, batchSizeMax: RECORDS_MAX },
  attach: (_, to) => ("clusterArn" in topic ? ofMsk(topic, to) : ofBrokers(topic, to)),
});

function shared({ cluster, topic, from = "earliest", pollers }: KafkaTopic) {
  return {
    text: `kafka://${cluster}/${topic}`,
    // Without pollers of its own Lambda reads no list of failures.
    failsWhole: pollers === undefined,
    mapping: {
      topics: [topic],
      startingPosition: from === "earliest" ? "TRIM_HORIZON" : "LATEST",
      ...(pollers
        ? {
            functionResponseTypes: ["ReportBatchItemFailures"],
            provisionedPollerConfig: { minimumPollers: pollers.min, maximumPollers: pollers.max },
          }
        : {}),
    },
  };
}

/** What Lambda needs to reach brokers in a VPC. It cannot be confined to some of them: they are not there yet. */
const NETWORK = [
  ...["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"],
  ...["ec2:DescribeVpcs", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"],
];
const inVpc = (): PolicyStatement => new PolicyStatement({ actions: NETWORK, resources: ["*"] });

const reading = (secret: SecretReference): PolicyStatement[] => [
  new PolicyStatement({ actions: ["secretsmanager:GetSecretValue"], resources: [secret.secretArn] }),
  ...decrypting(secret.encryptionKey),
];

function ofMsk(msk: MskTopic, { subscription }: Attachment): AttachedSource {
  const { clusterArn, secret, topic, consumerGroup = subscription } = msk;
  const { mapping, ...rest } = shared(msk);
  const describing = ["kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"];
  return {
    ...rest,
    access: [
      new PolicyStatement({ actions: describing, resources: [clusterArn] }),
      inVpc(),
      ...(secret ? reading(secret) : byIam(clusterArn, topic, consumerGroup)),
    ],
    mapping: {
      ...{ ...mapping, eventSourceArn: clusterArn },
      amazonManagedKafkaEventSourceConfig: { consumerGroupId: consumerGroup },
      ...(secret
        ? { sourceAccessConfigurations: [{ type: "SASL_SCRAM_512_AUTH", uri: secret.secretArn }] }
        : {}),
    },
  };
}

/** What a consumer does, on its cluster, topic and group. */
function byIam(clusterArn: string, topic: string, group: string): PolicyStatement[] {
  const of = (kind: string, name: string): string =>
    `${Fn.join(`:${kind}/`, Fn.split(":cluster/", clusterArn))}/${name}`;
  const allow = (resource: string, ...actions: string[]): PolicyStatement =>
    new PolicyStatement({
      actions: actions.map((action) => `kafka-cluster:${action}`),
      resources: [resource],
    });
  return [
    allow(clusterArn, "Connect", "DescribeClusterDynamicConfiguration"),
    allow(of("topic", topic), "DescribeTopic", "ReadData"),
    allow(of("group", group), "DescribeGroup", "AlterGroup"),
  ];
}

function ofBrokers(brokers: SelfManagedTopic, { subscription }: Attachment): AttachedSource {
  const { bootstrapServers, secret, vpc, consumerGroup = subscription } = brokers;
  const { authentication: type = "SASL_SCRAM_512_AUTH" } = brokers;
  const { mapping, ...rest } = shared(brokers);
  const access = [
    ...(vpc ? vpc.subnetIds.map((id) => ({ type: "VPC_SUBNET", uri: `subnet:${id}` })) : []),
    ...(vpc ? [{ type: "VPC_SECURITY_GROUP", uri: `security_group:${vpc.securityGroupId}` }] : []),
    ...(secret ? [{ type, uri: secret.secretArn }] : []),
  ];
  return {
    ...rest,
    access: [...(vpc ? [inVpc()] : []), ...(secret ? reading(secret) : [])],
    mapping: {
      ...mapping,
      selfManagedEventSource: { endpoints: { kafkaBootstrapServers: [...bootstrapServers] } },
      selfManagedKafkaEventSourceConfig: { consumerGroupId: consumerGroup },
      ...(access.length > 0 ? { sourceAccessConfigurations: access } : {}),
    },
  };
}
