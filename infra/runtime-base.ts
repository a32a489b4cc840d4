/** What a service or a caller needs of a runtime, whether this stack or another one makes it. */
import { ArnFormat, Stack } from "aws-cdk-lib";
import type { Grant, IGrantable } from "aws-cdk-lib/aws-iam";
import { Grant as IamGrant } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import type { Data, RuntimeRoles } from "./access.ts";
import type { MailboxHost } from "./service-mailbox.ts";
import type { HandlerSettings } from "./runtime-props.ts";

const INVOKE = "execute-api:Invoke";

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
  protected abstract readonly ingressApiId: string;
  protected abstract readonly adminApiId: string;

  /** The alias by which handlers of this runtime invoke each other. No other runtime's functions have it. */
  get directAlias(): string {
    const { resourceName } = Stack.of(this).splitArn(this.registrarArn, ArnFormat.COLON_RESOURCE_NAME);
    return `calls-of-${resourceName}`;
  }

  /** Lets a principal call and send to every service, look at results, and complete awakeables. */
  grantInvoke(grantee: IGrantable): Grant {
    return this.#grant(grantee, [this.#arn(this.ingressApiId, "*/*")]);
  }

  /** The same for one service only. Results and awakeables have ids that do not belong to a service: the principal can use
   * each id that it knows. */
  grantInvokeService(grantee: IGrantable, service: string): Grant {
    const api = this.ingressApiId;
    return this.#grant(grantee, [
      this.#arn(api, `*/${service}/*`),
      this.#arn(api, `*/restate/workflow/${service}/*`),
      this.#arn(api, `*/restate/invocation/*`),
    ]);
  }

  /** Lets a principal complete awakeables, and nothing else. */
  grantCompleteAwakeables(grantee: IGrantable): Grant {
    const api = this.ingressApiId;
    return this.#grant(grantee, [
      this.#arn(api, "POST/restate/awakeables/*"),
      this.#arn(api, "POST/restate/a/*"),
    ]);
  }

  /** Lets a principal do all that the admin API can: cancel, kill, edit state, register deployments. */
  grantAdmin(grantee: IGrantable): Grant {
    return this.#grant(grantee, [this.#arn(this.adminApiId, "*/*")]);
  }

  /** Lets a principal read services, invocations and journals, with the values in them. */
  grantAdminRead(grantee: IGrantable): Grant {
    return this.#grant(grantee, [this.#arn(this.adminApiId, "GET/*")]);
  }

  #grant(grantee: IGrantable, resourceArns: string[]): Grant {
    return IamGrant.addToPrincipal({ grantee, actions: [INVOKE], resourceArns, scope: this });
  }

  #arn(apiId: string, path: string): string {
    const resource = apiId;
    return Stack.of(this).formatArn({ service: "execute-api", resource, resourceName: `$default/${path}` });
  }
}
