/** State, results and arguments are kept as JSON, whose writer drops without a word what JSON cannot hold. */
import { contextParameter, isClient, operationOf, ruleOf, stepOf } from "../durable.ts";
import {
  child,
  children,
  functionsAround,
  identifierIn,
  initOf,
  isGlobal,
  memberName,
  type Node,
  parentOf,
  type RuleContext,
  fieldText,
  variableOf,
} from "../syntax.ts";

/** By class: what to store. */
const CLASSES: Readonly<Record<string, string>> = {
  Map: "Object.fromEntries(map) or [...map]",
  Set: "[...set]",
  WeakMap: "what it holds",
  WeakSet: "what it holds",
  RegExp: "its source",
  Error: "its message",
  ArrayBuffer: "bytes, with serde.binary",
  Uint8Array: "bytes, with serde.binary",
};

interface Lost {
  readonly node: Node;
  readonly what: string;
  readonly instead: string;
}

function lostIn(context: RuleContext, node: Node | undefined): Lost | undefined {
  if (!node) return undefined;
  switch (node.type) {
    case "NewExpression":
      return ofClass(context, node);
    case "Identifier":
      return ofName(context, node);
    case "Literal":
      return fieldText(node, "bigint") === undefined
        ? undefined
        : { node, what: "a BigInt", instead: "String(it)" };
    case "ArrayExpression":
      return first(context, children(node, "elements"));
    case "ObjectExpression":
      return first(
        context,
        children(node, "properties").flatMap((property) => child(property, "value") ?? []),
      );
    default:
      return undefined;
  }
}

function first(context: RuleContext, nodes: readonly Node[]): Lost | undefined {
  for (const node of nodes) {
    const lost = lostIn(context, node);
    if (lost) return lost;
  }
  return undefined;
}

function ofClass(context: RuleContext, node: Node): Lost | undefined {
  const callee = child(node, "callee");
  const name = identifierIn(callee);
  if (!callee || name === undefined) return undefined;
  const what = `${/^[AEIOU]/u.test(name) ? "an" : "a"} ${name}`;
  const instead = CLASSES[name];
  if (instead !== undefined && isGlobal(context, callee)) return { node, what, instead };
  const definition = variableOf(context, callee)?.defs[0];
  if (definition?.type !== "ClassName") return undefined;
  const members = children(child(definition.node, "body"), "body");
  const hasToJson = members.some((member) => identifierIn(child(member, "key")) === "toJSON");
  const hasMethods = members.some(
    (member) => member.type === "MethodDefinition" && fieldText(member, "kind") !== "constructor",
  );
  return hasMethods && !hasToJson
    ? { node, what, instead: "its fields, and make it anew when you read them" }
    : undefined;
}

function ofName(context: RuleContext, node: Node): Lost | undefined {
  const name = identifierIn(node) ?? "";
  if ((name === "NaN" || name === "Infinity") && isGlobal(context, node))
    return { node, what: name, instead: "null, and say what that means" };
  const defined = initOf(context, node);
  if (defined?.pattern.type !== "Identifier" || defined.init.type !== "NewExpression") return undefined;
  const lost = lostIn(context, defined.init);
  return lost && { ...lost, node };
}

/** Whether a function is a handler of a definition: `service({ handlers: { f: ... } })`, as it is. With options it may have a serde. */
function isPlainHandler(context: RuleContext, fn: Node): boolean {
  const parent = parentOf(fn);
  return (
    contextParameter(context, fn) !== undefined &&
    (parent?.type === "Property" || parent?.type === "MethodDefinition")
  );
}

/** What a function returns here, and is stored; `undefined` if it is not, or if it has a serde of its own. */
function storedBy(context: RuleContext, fn: Node): string | undefined {
  const step = stepOf(context, fn);
  if (step) return children(step, "arguments").length > 2 ? undefined : "The result of a step";
  return isPlainHandler(context, fn) ? "The result of a handler" : undefined;
}

/** `client.method(...)` */
function isCall(context: RuleContext, node: Node): boolean {
  const callee = child(node, "callee");
  return memberName(callee) !== undefined && isClient(context, child(callee, "object"));
}

export const noUntypedJson = ruleOf(
  "Store what JSON can hold",
  {
    lost: "{{place}} is kept as JSON, which cannot hold {{what}}. Store {{instead}}; or give a serde.",
  },
  (context) => {
    const look = (value: Node | undefined, place: string): void => {
      const lost = lostIn(context, value);
      if (lost)
        context.report({
          node: lost.node,
          messageId: "lost",
          data: { place, what: lost.what, instead: lost.instead },
        });
    };
    return {
      CallExpression(node) {
        const args = children(node, "arguments");
        if (operationOf(context, node) === "set" && args.length === 2) look(args[1], "A state value");
        else if (isCall(context, node) && args.length === 1) look(args[0], "The input of a call");
      },
      ReturnStatement(node) {
        const [fn] = functionsAround(node);
        const place = fn && storedBy(context, fn);
        if (place !== undefined) look(child(node, "argument"), place);
      },
      ArrowFunctionExpression(node) {
        const body = child(node, "body");
        if (body?.type === "BlockStatement") return;
        const place = storedBy(context, node);
        if (place !== undefined) look(body, place);
      },
    };
  },
);
