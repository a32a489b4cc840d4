/**
 * Evaluates the policies of a template as IAM does: an allow that matches, and no deny that does. Stars and question marks stand for
 * any characters, slashes included, within one of the six parts of an ARN. Conditions that are not known here are an error.
 *
 * Why our own: of the packages that simulate IAM, the one that was found is AGPL.
 */
export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface IamRequest {
  readonly action: string;
  readonly resource: string;
  /** Condition keys, such as `aws:SourceVpce`. A list where a request has several values. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

export const ACCOUNT = "123456789012";
export const REGION = "eu-west-1";

const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::Partition": "aws",
  "AWS::Region": REGION,
  "AWS::AccountId": ACCOUNT,
};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** A template's value as a text. A resource is named by its logical id. */
export function resolved(value: unknown): string {
  if (typeof value === "string") return value;
  const fields = value as Record<string, unknown>;
  const { Ref: ref, "Fn::Join": join, "Fn::GetAtt": attribute, "Fn::Select": select } = fields;
  if (typeof ref === "string") return PSEUDO[ref] ?? ref;
  if (Array.isArray(join)) {
    const [separator, parts] = join as [string, unknown[]];
    return parts.map(resolved).join(separator);
  }
  if (Array.isArray(attribute)) return `arn:aws:service:${REGION}:${ACCOUNT}:${String(attribute[0])}`;
  if (Array.isArray(select)) {
    const [index, split] = select as [number, { readonly "Fn::Split": readonly [string, unknown] }];
    const [separator, text] = split["Fn::Split"];
    return resolved(text).split(separator)[index] ?? `part-${index}`;
  }
  throw new Error(`cannot resolve ${JSON.stringify(value)}`);
}

export function isAllowed(statements: readonly Statement[], request: IamRequest): boolean {
  const matching = statements.filter((statement) => matches(statement, request));
  return (
    matching.some(({ Effect }) => Effect === "Allow") && !matching.some(({ Effect }) => Effect === "Deny")
  );
}

function matches({ Action, Resource, Condition = {} }: Statement, request: IamRequest): boolean {
  const { action, resource, context = {} } = request;
  return (
    listOf(Action).some((pattern) => isLike(String(pattern).toLowerCase(), action.toLowerCase())) &&
    listOf(Resource).some((pattern) => isArnLike(resolved(pattern), resource)) &&
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, wanted]) =>
        isMet(operator, listOf(wanted).map(String), context[key]),
      ),
    )
  );
}

/** The sixth part is all that is left. */
function isArnLike(pattern: string, arn: string): boolean {
  if (pattern === "*") return true;
  const split = (text: string): string[] => {
    const parts = text.split(":");
    return [...parts.slice(0, 5), parts.slice(5).join(":")];
  };
  const [patterns, parts] = [split(pattern), split(arn)];
  return patterns.every((part, at) => isLike(part, parts[at] ?? ""));
}

function isLike(pattern: string, text: string): boolean {
  const source = pattern
    .split("")
    .map((char) => (char === "*" ? ".*" : char === "?" ? "." : char.replace(/[\\^$.|+()[\]{}]/g, "\\$&")))
    .join("");
  return new RegExp(`^${source}$`, "su").test(text);
}

function isMet(
  operator: string,
  wanted: readonly string[],
  given: string | readonly string[] | undefined,
): boolean {
  const values = given === undefined ? [] : listOf(given).map(String);
  const [value] = values;
  switch (operator) {
    case "StringEquals":
      return value !== undefined && wanted.includes(value);
    case "Bool":
      return value !== undefined && wanted.includes(value.toLowerCase());
    case "Null":
      return wanted.includes(String(given === undefined));
    case "ForAllValues:StringLike":
      return values.every((each) => wanted.some((pattern) => isLike(pattern, each)));
    default:
      throw new Error(`the condition ${operator} is not known`);
  }
}
