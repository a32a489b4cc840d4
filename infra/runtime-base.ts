/** What a service or a caller needs of a runtime, whether this stack or another one makes it. */
import { ArnFormat, Stack } from "aws-cdk-lib";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import type { Data, RuntimeRoles } from "./access.ts";
import { awakeablePaths, callPaths, resultPaths, signalPaths } from "./grants.ts";
import type { RuntimeDashboard } from "./dashboard.ts";
import type { MailboxHost } from "./service-mailbox.ts";
import type { HandlerSettings } from "./runtime-props.ts";

const INVOKE_API = "execute-api:Invoke";
const INVOKE_FUNCTION = "lambda:InvokeFunction";

/** What operators call: an HTTP API, a function that they invoke, or nothing. */
export interface AdminDoor {
  readonly apiId?: string;
  readonly functionArn?: string;
}

export interface AdminGrantOptions {
  /** Only for requests that come by one of these VPC endpoints of Lambda. Needs `admin: "function"`. @default from anywhere */
  readonly vpcEndpointIds?: readonly string[];
}

export abstract class PerdureRuntimeBase extends Construct {
  abstract readonly data: Data;
  /** The roles of the functions that use a service's function. */
  abstract readonly roles: RuntimeRoles;
  /** The function that registers deployments. */
  abstract readonly registrarArn: string;
  /** The settings of a service's function, unless the service has its own. */
  abstract readonly handlerSettings: HandlerSettings;
  /** Absent: it is not known of a runtime that another stack has made. */
  abstract readonly mailboxHost: MailboxHost | undefined;
  /** Whether the runtime keeps a list of open invocations. */
  abstract readonly listsOpen: boolean;
  /** Absent: there is none, or it is of another stack. */
  readonly dashboard: RuntimeDashboard | undefined;
  protected abstract readonly ingressApiId: string;
  /** The function whose URL takes IAM principals. Absent: there is none. */
  protected abstract readonly ingressUrlFunctionArn: string | undefined;
  protected abstract readonly adminDoor: AdminDoor;

  /** The alias by which handlers of this runtime invoke each other. No other runtime's functions have it. */
  get directAlias(): string {
    const { resourceName } = Stack.of(this).splitArn(this.registrarArn, ArnFormat.COLON_RESOURCE_NAME);
    return `calls-of-${resourceName}`;
  }

  /** Lets a principal call and send to every service, look at results, signal, and complete awakeables. With an ingress that has a function
   * URL for IAM principals, by that, too. */
  grantInvoke(grantee: IGrantable): Grant {
    const granted = this.#grantPaths(grantee, this.ingressApiId, ["*/*"]);
    const { ingressUrlFunctionArn: urlOf } = this;
    if (urlOf === undefined) return granted;
    return granted
      .combine(
        this.#grant(grantee, "lambda:InvokeFunctionUrl", [urlOf], {
          StringEquals: { "lambda:FunctionUrlAuthType": "AWS_IAM" },
        }),
      )
      .combine(
        this.#grant(grantee, INVOKE_FUNCTION, [urlOf], { Bool: { "lambda:InvokedViaFunctionUrl": "true" } }),
      );
  }

  /**
   * Lets a principal call and send to one service, and look at the results and the status of its invocations: by their ids, by
   * a workflow's key, by an idempotency key. Not what names its target in a body (`POST /restate/attach`, `/output`, `/lookup`), and not by
   * a function URL: a permission cannot tell their services. The name is a text, not what the deployment alone knows.
   */
  grantInvokeService(grantee: IGrantable, service: string): Grant {
    const paths = [...callPaths(service), ...resultPaths(service)];
    return this.#grantPaths(grantee, this.ingressApiId, paths);
  }

  /** Lets a principal send signals to the invocations whose ids it knows, of one service or of all. */
  grantSignals(grantee: IGrantable, service?: string): Grant {
    return this.#grantPaths(grantee, this.ingressApiId, signalPaths(service));
  }

  /** Lets a principal complete awakeables, of one service or of all, and nothing else. */
  grantCompleteAwakeables(grantee: IGrantable, service?: string): Grant {
    return this.#grantPaths(grantee, this.ingressApiId, awakeablePaths(service));
  }

  /** Lets a principal do all that the admin API can: cancel, kill, edit state, register deployments. */
  grantAdmin(grantee: IGrantable, { vpcEndpointIds }: AdminGrantOptions = {}): Grant {
    const { apiId, functionArn } = this.adminDoor;
    if (functionArn !== undefined) {
      const condition = vpcEndpointIds && { StringEquals: { "aws:SourceVpce": [...vpcEndpointIds] } };
      return this.#grant(grantee, INVOKE_FUNCTION, [functionArn], condition);
    }
    if (apiId === undefined) throw new Error("the runtime has no admin API (admin: false)");
    // The condition would never be met: no VPC endpoint leads to an HTTP API.
    if (vpcEndpointIds) throw new Error('vpcEndpointIds need a runtime with admin: "function"');
    return this.#grantPaths(grantee, apiId, ["*/*"]);
  }

  /** Lets a principal read services, invocations and journals, with the values in them, and ask for them in SQL. */
  grantAdminRead(grantee: IGrantable): Grant {
    const { apiId } = this.adminDoor;
    if (apiId !== undefined) return this.#grantPaths(grantee, apiId, ["GET/*", "POST/query"]);
    throw new Error('a principal can read alone only by the admin API (admin: "api")');
  }

  #grantPaths(grantee: IGrantable, apiId: string, paths: readonly string[]): Grant {
    const arn = (path: string): string =>
      Stack.of(this).formatArn({
        service: "execute-api",
        resource: apiId,
        resourceName: `$default/${path}`,
      });
    return this.#grant(grantee, INVOKE_API, paths.map(arn));
  }

  #grant(
    grantee: IGrantable,
    action: string,
    resourceArns: string[],
    conditions?: Record<string, Record<string, unknown>>,
  ): Grant {
    const conditional = conditions ? { conditions } : {};
    return Grant.addToPrincipal({ grantee, actions: [action], resourceArns, scope: this, ...conditional });
  }
}
