/** An HTTP API in front of one function. All paths and methods go to the function, after one authorizer. */
import { RemovalPolicy } from "aws-cdk-lib";
import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import {
  HttpApi,
  type IHttpRouteAuthorizer,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpStage,
  type IDomainName,
  LogGroupLogDestination,
  type ThrottleSettings,
} from "aws-cdk-lib/aws-apigatewayv2";
import { HttpIamAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { domainNameOf, type IngressDomain, nameOf } from "./ingress-domain.ts";
import { labelOf } from "./label.ts";

/** `"iam"`: callers sign their requests. `"open"`: anybody may call. Or an authorizer, for JWTs or with a function. */
export type Authorization = "iam" | "open" | IHttpRouteAuthorizer;

export interface FunctionApiProps {
  readonly description: string;
  readonly target: IFunction;
  readonly authorization: Authorization;
  readonly accessLog: boolean;
  readonly logRetention: RetentionDays;
  readonly encryptionKey: IKey | undefined;
  readonly throttle: ThrottleSettings | undefined;
  /** Whether browsers may ask before a request of another origin. */
  readonly preflights: boolean;
  readonly domain: IngressDomain | undefined;
}

export class FunctionApi extends Construct {
  readonly api: HttpApi;
  readonly stage: HttpStage;
  readonly target: IFunction;
  /** Absent: the API has the name that AWS gave it alone. */
  readonly domainName: IDomainName | undefined;
  readonly #name: string | undefined;

  constructor(scope: Construct, id: string, props: FunctionApiProps) {
    super(scope, id);
    const { target, authorization, throttle, domain } = props;
    this.target = target;
    const integration = new HttpLambdaIntegration("Function", target);
    this.api = new HttpApi(this, "Api", {
      description: props.description,
      createDefaultStage: false,
      defaultAuthorizer: authorizerOf(authorization),
      defaultIntegration: integration,
      ...(domain?.executeApiEndpoint === false ? { disableExecuteApiEndpoint: true } : {}),
    });
    // A browser asks without credentials. By the other route the authorizer would refuse it.
    if (props.preflights && authorization !== "open") {
      const [authorizer, methods] = [new HttpNoneAuthorizer(), [HttpMethod.OPTIONS]];
      this.api.addRoutes({ path: "/{proxy+}", methods, integration, authorizer });
    }
    this.#name = domain && nameOf(domain);
    this.domainName = domain && domainNameOf(this, domain);
    this.stage = new HttpStage(this, "Stage", {
      httpApi: this.api,
      stageName: "$default",
      autoDeploy: true,
      ...(throttle ? { throttle } : {}),
      ...(this.domainName ? { domainMapping: { domainName: this.domainName } } : {}),
      ...(props.accessLog ? { accessLogSettings: this.#accessLog(props) } : {}),
    });
  }

  /** Without a slash at its end. */
  get url(): string {
    return this.#name === undefined ? this.api.apiEndpoint : `https://${this.#name}`;
  }

  /** Records the caller, the path, the status and the time. It leaves out query, headers and body: they may hold secrets. */
  #accessLog({ logRetention, encryptionKey }: FunctionApiProps) {
    const logGroup = new LogGroup(this, "AccessLog", {
      // API Gateway has CloudWatch deliver these logs. For each group of another name that adds to a policy of the account, which is
      // full after some dozens of groups.
      logGroupName: `/aws/vendedlogs/${labelOf(this).replaceAll(/[^\w./#-]/g, "-")}`,
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(encryptionKey ? { encryptionKey } : {}),
    });
    const fields = {
      at: "$context.requestTimeEpoch",
      id: "$context.requestId",
      ip: "$context.identity.sourceIp",
      user: "$context.identity.userArn",
      method: "$context.httpMethod",
      path: "$context.path",
      status: "$context.status",
      ms: "$context.responseLatency",
    };
    return {
      destination: new LogGroupLogDestination(logGroup),
      format: AccessLogFormat.custom(JSON.stringify(fields)),
    };
  }
}

function authorizerOf(authorization: Authorization): IHttpRouteAuthorizer {
  if (authorization === "iam") return new HttpIamAuthorizer();
  return authorization === "open" ? new HttpNoneAuthorizer() : authorization;
}
