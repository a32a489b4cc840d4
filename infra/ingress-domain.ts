/** A name of the user's own for the ingress. All of the name's paths lead to it: with a path in front, API Gateway would hand that on. */
import { DomainName, type IDomainName } from "aws-cdk-lib/aws-apigatewayv2";
import type { ICertificate } from "aws-cdk-lib/aws-certificatemanager";
import { ARecord, type IHostedZone, RecordTarget } from "aws-cdk-lib/aws-route53";
import { ApiGatewayv2DomainProperties } from "aws-cdk-lib/aws-route53-targets";
import type { Construct } from "constructs";

export interface IngressDomain {
  /** `calls.shop.example`. Or a domain name that exists; it needs no certificate then. */
  readonly name: string | IDomainName;
  /** For the name, in the stack's region. */
  readonly certificate?: ICertificate;
  /** Where the record is made that leads the name to the API. @default you make it, with `runtime.ingress.domainName` */
  readonly hostedZone?: IHostedZone;
  /** Whether the API can also be called by the name that AWS gave it. @default true */
  readonly executeApiEndpoint?: boolean;
}

/** Throws `TypeError` if a new name has no certificate. */
export function domainNameOf(scope: Construct, domain: IngressDomain): IDomainName {
  const { hostedZone: zone } = domain;
  const domainName = given(scope, domain);
  if (!zone) return domainName;
  const { regionalDomainName, regionalHostedZoneId } = domainName;
  const alias = new ApiGatewayv2DomainProperties(regionalDomainName, regionalHostedZoneId);
  new ARecord(scope, "Record", { zone, recordName: nameOf(domain), target: RecordTarget.fromAlias(alias) });
  return domainName;
}

function given(scope: Construct, { name, certificate }: IngressDomain): IDomainName {
  if (typeof name !== "string") return name;
  if (!certificate) throw new TypeError(`the domain ${name} needs a certificate`);
  return new DomainName(scope, "Domain", { domainName: name, certificate });
}

export const nameOf = ({ name }: IngressDomain): string => (typeof name === "string" ? name : name.name);
