/**
 * Which code is a handler's, and which expressions are promises of its context. Rules see the syntax of one file, not its types. So:
 * - a context is the first parameter of a function that is typed as one of the contexts, or is called `ctx` or `context`;
 * - that counts only in a file that imports Perdure, or Restate's SDK;
 * - a client, an awakeable or a promise in a constant is followed to where the constant is defined.
 * What comes from a function of another file is not known, and nothing is said of it.
 */
import {
  child,
  children,
  functionsAround,
  identifierIn,
  importOf,
  initOf,
  isFunction,
  memberName,
  type Node,
  parentOf,
  type Rule,
  type RuleContext,
  fieldText,
  variableOf,
} from "./syntax.ts";

const PACKAGES = /^(?:perdure|@restatedev\/restate-sdk)(?:$|[/-])/u;
const CONTEXT_TYPE = /^(?:Object|Workflow)?(?:Shared)?Context$/u;
const CONTEXT_NAMES = new Set(["ctx", "context"]);

/** A rule that looks at nothing in files that do not import Perdure. */
export function ruleOf(
  description: string,
  messages: Record<string, string>,
  create: (context: RuleContext) => Record<string, (node: Node) => void>,
): Rule {
  return {
    meta: { type: "problem", docs: { description }, messages, schema: [] },
    create: (given) => {
      const context = given as RuleContext;
      return importsPerdure(context.sourceCode.ast) ? create(context) : {};
    },
  };
}

function importsPerdure(program: Node): boolean {
  return children(program, "body").some((statement) => {
    if (statement.type === "ImportDeclaration")
      return PACKAGES.test(fieldText(child(statement, "source"), "value") ?? "");
    if (statement.type !== "VariableDeclaration") return false;
    return children(statement, "declarations").some((each) => {
      const call = child(each, "init");
      if (identifierIn(child(call, "callee")) !== "require") return false;
      return PACKAGES.test(fieldText(children(call, "arguments")[0], "value") ?? "");
    });
  });
}

/** The parameter of a function that is its context. What a step gets is none. */
export function contextParameter(context: RuleContext, fn: Node): Node | undefined {
  if (stepOf(context, fn)) return undefined;
  const [first] = children(fn, "params");
  const name = identifierIn(first);
  if (name === undefined || !first) return undefined;
  const annotation = child(child(first, "typeAnnotation"), "typeAnnotation");
  const isOne = annotation === undefined ? CONTEXT_NAMES.has(name) : isContextType(context, annotation);
  return isOne ? first : undefined;
}

/** `ObjectContext`, `restate.Context`; not what another package calls so. */
function isContextType(context: RuleContext, annotation: Node): boolean {
  const typeName = child(annotation, "typeName");
  const isQualified = typeName?.type === "TSQualifiedName";
  const root = isQualified ? child(typeName, "left") : typeName;
  const source = root?.type === "Identifier" ? importOf(context, root) : undefined;
  if (source !== undefined && !source.startsWith(".") && !PACKAGES.test(source)) return false;
  return CONTEXT_TYPE.test(identifierIn(isQualified ? child(typeName, "right") : typeName) ?? "");
}

/** Whether a name stands for a context. */
export function isContext(context: RuleContext, node: Node | undefined): boolean {
  if (identifierIn(node) === undefined || !node) return false;
  const definition = variableOf(context, node)?.defs[0];
  if (definition?.type !== "Parameter" || !isFunction(definition.node)) return false;
  return contextParameter(context, definition.node) === definition.name;
}

/** The name of the method of a context that is called: `run` of `ctx.run(...)`, `date.now` of `ctx.date.now()`. */
export function operationOf(context: RuleContext, node: Node | undefined): string | undefined {
  if (node?.type !== "CallExpression") return undefined;
  const callee = child(node, "callee");
  const name = memberName(callee);
  const object = child(callee, "object");
  if (name === undefined) return undefined;
  if (isContext(context, object)) return name;
  if (memberName(object) === "date" && isContext(context, child(object, "object"))) return `date.${name}`;
  return undefined;
}

/** The functions that a call of `ctx.run` or `ctx.transact` runs, and the call. */
export function stepOf(context: RuleContext, fn: Node): Node | undefined {
  const call = parentOf(fn);
  const operation = operationOf(context, call);
  return operation === "run" || operation === "transact" ? call : undefined;
}

export interface StandsIn {
  /** The call of `ctx.run` that a node is inside of. */
  readonly step: Node | undefined;
  /** The function whose parameter is the context. */
  readonly handler: Node | undefined;
}

/** What a node stands in. A step ends the search only if it is of the handler found. */
export function around(context: RuleContext, node: Node): StandsIn {
  let step: Node | undefined;
  for (const fn of functionsAround(node)) {
    step ??= stepOf(context, fn);
    if (contextParameter(context, fn)) return { step, handler: fn };
  }
  return { step, handler: undefined };
}

const CLIENTS = new Set(["serviceClient", "objectClient", "workflowClient", "client"]);
const OPERATIONS = new Set([
  ...[
    "run",
    "transact",
    "sleep",
    "get",
    "stateKeys",
    "signal",
    "attach",
    "genericCall",
    "promise",
    "cancellation",
  ],
  ...["date.now", "date.toJSON", "cancelPreviousCalls"],
]);
const COMBINING = new Set(["DurablePromise", "RestatePromise", "CombineablePromise"]);
const DERIVING = new Set(["map", "orTimeout", "then", "catch", "finally", "get", "peek"]);

/** Whether an expression is a promise of a context's operation, and what it is called. */
export function durableOf(context: RuleContext, node: Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  switch (node.type) {
    case "CallExpression":
      return calledDurable(context, node);
    case "MemberExpression":
      return memberName(node) === "promise" && isAwakeable(context, child(node, "object"))
        ? "the awakeable's promise"
        : undefined;
    case "Identifier":
      return constantDurable(context, node);
    default:
      return undefined;
  }
}

function calledDurable(context: RuleContext, call: Node): string | undefined {
  const operation = operationOf(context, call);
  if (operation !== undefined) return OPERATIONS.has(operation) ? `ctx.${operation}(...)` : undefined;
  const callee = child(call, "callee");
  const name = memberName(callee);
  const object = child(callee, "object");
  if (name === undefined || object === undefined) return undefined;
  if (COMBINING.has(identifierIn(object) ?? "")) return `DurablePromise.${name}(...)`;
  if (isClient(context, object)) return `the call of ${name}`;
  return DERIVING.has(name) ? durableOf(context, object) : undefined;
}

/** The operation that an expression is the answer of, here or where its constant is defined. */
function answeringOperation(context: RuleContext, node: Node | undefined): string | undefined {
  if (node?.type !== "Identifier") return operationOf(context, node);
  const defined = initOf(context, node);
  return defined?.pattern.type === "Identifier" ? operationOf(context, defined.init) : undefined;
}

export const isClient = (context: RuleContext, node: Node | undefined): boolean =>
  CLIENTS.has(answeringOperation(context, node) ?? "");

const isAwakeable = (context: RuleContext, node: Node | undefined): boolean =>
  answeringOperation(context, node) === "awakeable";

function constantDurable(context: RuleContext, identifier: Node): string | undefined {
  const defined = initOf(context, identifier);
  if (!defined) return undefined;
  const { init, pattern } = defined;
  if (pattern.type === "Identifier") return durableOf(context, init);
  if (pattern.type !== "ObjectPattern" || operationOf(context, init) !== "awakeable") return undefined;
  const isPromise = children(pattern, "properties").some(
    (property) =>
      identifierIn(child(property, "key")) === "promise" &&
      identifierIn(child(property, "value")) === identifierIn(identifier),
  );
  return isPromise ? "the awakeable's promise" : undefined;
}
