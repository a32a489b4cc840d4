/** As much of ESLint's interface as the rules need, which have no dependency. A node's fields are unknown until they are read. */
export interface Node {
  readonly type: string;
}

interface Reference {
  readonly identifier: Node;
  isRead(): boolean;
}
export interface Variable {
  readonly name: string;
  readonly scope: NameScope;
  readonly defs: readonly { readonly type: string; readonly node: Node; readonly name: Node }[];
  readonly references: readonly Reference[];
}
export interface NameScope {
  readonly type: string;
  readonly set: ReadonlyMap<string, Variable>;
  readonly upper: NameScope | null;
}

export interface RuleContext {
  readonly sourceCode: { readonly ast: Node; getScope(node: Node): NameScope };
  report(problem: { node: Node; messageId: string; data?: Record<string, string> }): void;
}

export interface Rule {
  readonly meta: {
    readonly type: "problem";
    readonly docs: { readonly description: string };
    readonly messages: Record<string, string>;
    readonly schema: [];
  };
  /** Both linters give more than {@link RuleContext} has, and declare it in ways of their own. */
  create(context: object): Record<string, (node: Node) => void>;
}

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Partial<Node>).type === "string";

const valueOf = (node: Node, field: string): unknown => (node as unknown as Record<string, unknown>)[field];

export function child(node: Node | undefined, field: string): Node | undefined {
  const value = node && valueOf(node, field);
  return isNode(value) ? bare(value) : undefined;
}

/** Holes of a list are left out. */
export function children(node: Node | undefined, field: string): Node[] {
  const value = node && valueOf(node, field);
  return Array.isArray(value) ? value.filter(isNode).map(bare) : [];
}

export function fieldText(node: Node | undefined, field: string): string | undefined {
  const value = node && valueOf(node, field);
  return typeof value === "string" ? value : undefined;
}

export const flag = (node: Node | undefined, field: string): boolean =>
  node !== undefined && valueOf(node, field) === true;

const WRAPPERS = new Set([
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSNonNullExpression",
  "ChainExpression",
  "TSTypeAssertion",
  "ParenthesizedExpression",
]);

/** What is around it; not what only says a type. */
export function parentOf(node: Node): Node | undefined {
  const value = valueOf(node, "parent");
  if (!isNode(value)) return undefined;
  return WRAPPERS.has(value.type) ? parentOf(value) : value;
}

/** An expression without what only says its type. */
function bare(node: Node): Node {
  if (!WRAPPERS.has(node.type)) return node;
  const value = valueOf(node, "expression");
  return isNode(value) ? bare(value) : node;
}

export const identifierIn = (node: Node | undefined): string | undefined =>
  node?.type === "Identifier" ? fieldText(node, "name") : undefined;

/** `name` of `object.name`; `undefined` if it is computed. */
export function memberName(node: Node | undefined): string | undefined {
  if (node?.type !== "MemberExpression" || flag(node, "computed")) return undefined;
  return identifierIn(child(node, "property"));
}

export function isFunction(node: Node | undefined): node is Node {
  return (
    node?.type === "ArrowFunctionExpression" ||
    node?.type === "FunctionExpression" ||
    node?.type === "FunctionDeclaration"
  );
}

/** The functions around a node, the innermost first. */
export function* functionsAround(node: Node): Generator<Node> {
  for (let at = parentOf(node); at; at = parentOf(at)) if (isFunction(at)) yield at;
}

export function variableOf(context: RuleContext, identifier: Node): Variable | undefined {
  const name = fieldText(identifier, "name") ?? "";
  for (let scope: NameScope | null = context.sourceCode.getScope(identifier); scope; scope = scope.upper) {
    const found = scope.set.get(name);
    if (found) return found;
  }
  return undefined;
}

/** A name that no code of the file has defined. */
export function isGlobal(context: RuleContext, identifier: Node): boolean {
  const variable = variableOf(context, identifier);
  return variable === undefined || variable.defs.length === 0;
}

/** What a constant was given when it was defined. */
export function initOf(
  context: RuleContext,
  identifier: Node,
): { readonly init: Node; readonly pattern: Node } | undefined {
  const definition = variableOf(context, identifier)?.defs[0];
  if (definition?.type !== "Variable") return undefined;
  const init = child(definition.node, "init");
  const pattern = child(definition.node, "id");
  return init && pattern ? { init, pattern } : undefined;
}

/** The source of the import that a name stands for. */
export function importOf(context: RuleContext, identifier: Node): string | undefined {
  const definition = variableOf(context, identifier)?.defs[0];
  if (definition?.type !== "ImportBinding") return undefined;
  return fieldText(child(parentOf(definition.node), "source"), "value");
}
