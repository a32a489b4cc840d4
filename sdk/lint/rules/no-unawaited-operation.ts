/** An operation of the context that is not awaited: a step does not run at all, and a promise in a value is no value. */
import { around, durableOf, operationOf, ruleOf } from "../durable.ts";
import {
  child,
  children,
  flag,
  identifierIn,
  isFunction,
  isNode,
  memberName,
  type Node,
  parentOf,
  type RuleContext,
  variableOf,
} from "../syntax.ts";

/** What a value is put into: it must be there. */
const VALUE_PLACES = new Set([
  "Property",
  "ArrayExpression",
  "TemplateLiteral",
  "BinaryExpression",
  "SpreadElement",
]);
const EACH = new Set(["forEach", "filter", "some", "every", "find", "sort"]);

/** Whether what stands in a list is combined: `DurablePromise.all([...])`, or any other call that takes the list. */
function isCombined(list: Node): boolean {
  const parent = parentOf(list);
  return parent?.type === "CallExpression" || parent?.type === "NewExpression";
}

/** Whether an object or a list is made to be a result or a value of the state. */
function isStored(context: RuleContext, value: Node): boolean {
  const parent = parentOf(value);
  if (parent?.type === "ReturnStatement") return true;
  if (parent?.type === "ArrowFunctionExpression") return child(parent, "body") === value;
  if (parent?.type === "CallExpression") return operationOf(context, parent) === "set";
  return (parent?.type === "Property" || parent?.type === "ObjectExpression") && isStored(context, parent);
}

export const noUnawaitedOperation = ruleOf(
  "Await every operation of the context",
  {
    dropped:
      "{{what}} is not awaited. A step that is not awaited does not run. Write `await` before it; for a call whose result nobody wants, use a send client.",
    unused: "{{what}} is kept in `{{name}}`, which nobody awaits. Write `await` before it.",
    value: "{{what}} is a promise, not its result. Write `await` before it.",
    each: "{{method}} does not wait for an asynchronous function. Write `for (const item of items) await ...`, or `await DurablePromise.all(items.map((item) => ctx.run(...)))`.",
  },
  (context) => {
    const report = (node: Node, messageId: string, data: Record<string, string>): void =>
      context.report({ node, messageId, data });
    return {
      ExpressionStatement(node) {
        const expression = child(node, "expression");
        const given = expression?.type === "UnaryExpression" ? child(expression, "argument") : expression;
        const what = given?.type === "Identifier" ? undefined : durableOf(context, given);
        if (what !== undefined && given) report(given, "dropped", { what });
      },
      VariableDeclarator(node) {
        const id = child(node, "id");
        const init = child(node, "init");
        if (id?.type !== "Identifier" || init?.type === "Identifier") return;
        const what = durableOf(context, init);
        const isRead = variableOf(context, id)?.references.some((reference) => reference.isRead());
        if (what !== undefined && isRead === false)
          report(id, "unused", { what, name: identifierIn(id) ?? "" });
      },
      CallExpression(node) {
        const what = durableOf(context, node);
        if (what !== undefined) return reportValue(node, what);
        const method = memberName(child(node, "callee"));
        if (method === undefined || !EACH.has(method)) return;
        const [callback] = children(node, "arguments");
        if (isFunction(callback) && flag(callback, "async") && usesContext(context, callback))
          report(callback, "each", { method });
      },
    };

    function reportValue(node: Node, what: string): void {
      const parent = parentOf(node);
      if (!parent || !VALUE_PLACES.has(parent.type)) return;
      if (parent.type === "ArrayExpression" && (isCombined(parent) || !isStored(context, parent))) return;
      if (parent.type === "Property" && !isStored(context, parent)) return;
      report(node, "value", { what });
    }
  },
);

/** Whether a function awaits an operation of a context. */
function usesContext(context: RuleContext, fn: Node): boolean {
  let found = false;
  walk(fn, (node) => {
    found ||= node.type === "AwaitExpression" && durableOf(context, child(node, "argument")) !== undefined;
  });
  return found && around(context, fn).handler !== undefined;
}

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const [name, value] of Object.entries(node)) {
    if (name === "parent") continue;
    for (const part of Array.isArray(value) ? (value as unknown[]) : [value])
      if (isNode(part)) walk(part, visit);
  }
}
