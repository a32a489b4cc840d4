/** An HTTP API in front of one function. All paths and methods go to the function, after one authorizer. */
import { RemovalPolicy } from "aws-cdk-lib";
import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import {
  HttpApi,
  type IHttpRouteAuthorizer,
  HttpNoneAuthorizer,
  HttpStage,
  LogGroupLogDestination,
} from "aws-cdk-lib/aws-apigatewayv2";
import { HttpIamAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";

/** `"iam"`: callers sign their requests. `"open"`: anybody may call. Or an authorizer, for JWTs or with a function. */
export type Authorization = "iam" | "open" | IHttpRouteAuthorizer;

export interface FunctionApiProps {
  readonly description: string;
  readonly target: IFunction;
  readonly authorization: Authorization;
  readonly accessLog: boolean;
  readonly logRetention: RetentionDays;
  readonly encryptionKey: IKey | undefined;
}

export class FunctionApi extends Construct {
  readonly api: HttpApi;
  readonly target: IFunction;

  constructor(scope: Construct, id: string, props: FunctionApiProps) {
    super(scope, id);
    this.target = props.target;
    this.api = new HttpApi(this, "Api", {
      description: props.description,
      createDefaultStage: false,
      defaultAuthorizer: authorizerOf(props.authorization),
      defaultIntegration: new HttpLambdaIntegration("Function", props.target),
    });
    new HttpStage(this, "Stage", {
      httpApi: this.api,
      stageName: "$default",
      autoDeploy: true,
      ...(props.accessLog ? { accessLogSettings: this.#accessLog(props) } : {}),
    });
  }

  get url(): string {
    return this.api.apiEndpoint;
  }

  /** Records the caller, the path, the status and the time. It leaves out query, headers and body: they may hold secrets. */
  #accessLog({ logRetention, encryptionKey }: FunctionApiProps) {
    const logGroup = new LogGroup(this, "AccessLog", {
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
