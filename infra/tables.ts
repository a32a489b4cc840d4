/** The three tables: on demand, encrypted, and by default kept when the stack is deleted. And the one for guards, which is not. */
import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import { INDEX_PARTITION_KEY, INDEX_SORT_KEY, type ListedPart } from "../lib/model/listing.ts";

/** All that is needed of a table. So any construct for a table will do, and so will its two names. */
export interface TableReference {
  readonly tableArn: string;
  readonly tableName: string;
}

export interface PerdureTables {
  /** Invocations: their heads, logs and large values. */
  readonly journal: TableReference;
  /** State of objects and workflows, promises, locks. */
  readonly state: TableReference;
  /** Deployments and the services that they serve. */
  readonly registry: TableReference;
}

export interface TablesProps {
  readonly existing: Partial<PerdureTables>;
  readonly encryptionKey: IKey | undefined;
  readonly removalPolicy: RemovalPolicy;
  readonly deletionProtection: boolean;
  readonly pointInTimeRecovery: boolean;
  /** Indexes of the journal. */
  readonly listing: readonly ListedPart[];
}

/** Holds epoch seconds (`lib/model/head.ts`, `lib/store/state-store.ts`). */
const TTL_ATTRIBUTE = "ttl";

export class Tables extends Construct implements PerdureTables {
  readonly journal: TableReference;
  readonly state: TableReference;
  readonly registry: TableReference;
  /** Guards of turns, for as long as the turns run: what a queue would hold (lib/store/guard-table.ts). */
  readonly guards: TableReference;

  constructor(scope: Construct, id: string, props: TablesProps) {
    super(scope, id);
    const { journal, state, registry } = props.existing;
    this.journal = journal ?? this.#journal(props);
    this.state = state ?? this.#table("State", props);
    this.registry = registry ?? this.#table("Registry", props);
    this.guards = this.#table("Guards", {
      ...{ encryptionKey: props.encryptionKey, removalPolicy: RemovalPolicy.DESTROY },
      ...{ deletionProtection: false, pointInTimeRecovery: false },
    });
  }

  #journal(props: TablesProps): Table {
    const table = this.#table("Journal", props);
    for (const part of props.listing) {
      table.addGlobalSecondaryIndex({
        indexName: part,
        partitionKey: { name: INDEX_PARTITION_KEY[part], type: AttributeType.STRING },
        sortKey: { name: INDEX_SORT_KEY, type: AttributeType.NUMBER },
        projectionType: ProjectionType.KEYS_ONLY,
      });
    }
    return table;
  }

  #table(id: string, props: Omit<TablesProps, "existing" | "listing">): Table {
    const { encryptionKey, removalPolicy, deletionProtection, pointInTimeRecovery } = props;
    return new Table(this, id, {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      sortKey: { name: "sk", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: TTL_ATTRIBUTE,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: pointInTimeRecovery },
      deletionProtection,
      removalPolicy: policyOf(removalPolicy, deletionProtection),
      ...(encryptionKey
        ? { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey }
        : { encryption: TableEncryption.DEFAULT }),
    });
  }
}

/**
 * A first deployment that fails takes its tables with it. CloudFormation cannot delete protected ones. With that policy they would
 * end the rollback, so they are kept.
 */
const policyOf = (policy: RemovalPolicy, isProtected: boolean): RemovalPolicy =>
  policy === RemovalPolicy.RETAIN && !isProtected ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : policy;
