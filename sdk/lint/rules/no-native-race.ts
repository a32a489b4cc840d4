/** What settles first must be the same in each attempt. Only `DurablePromise` settles in the journal's order. */
import { durableOf, ruleOf } from "../durable.ts";
import {
  child,
  children,
  flag,
  identifierIn,
  isFunction,
  isGlobal,
  memberName,
  type Node,
  type RuleContext,
} from "../syntax.ts";

const COMBINATORS = new Set(["race", "any", "all", "allSettled"]);

/** Whether one of the promises of a list is durable: a list that is written out, or one that `map` makes. */
function holdsDurable(context: RuleContext, list: Node | undefined): boolean {
  if (list?.type === "ArrayExpression")
    return children(list, "elements").some((element) => durableOf(context, element) !== undefined);
  if (list?.type !== "CallExpression" || memberName(child(list, "callee")) !== "map") return false;
  const [callback] = children(list, "arguments");
  if (!isFunction(callback) || flag(callback, "async")) return false;
  const body = child(callback, "body");
  const returned = children(body, "body").find(({ type }) => type === "ReturnStatement");
  return durableOf(context, returned ? child(returned, "argument") : body) !== undefined;
}

export const noNativeRace = ruleOf(
  "Combine promises of the context with DurablePromise",
  {
    combined:
      "Promise.{{name}} does not know the journal: another attempt may see another order, and what it waits for cannot be seen. Write DurablePromise.{{name}}.",
  },
  (context) => ({
    CallExpression(node) {
      const callee = child(node, "callee");
      const name = memberName(callee);
      const object = child(callee, "object");
      if (name === undefined || !COMBINATORS.has(name) || identifierIn(object) !== "Promise" || !object)
        return;
      if (isGlobal(context, object) && holdsDurable(context, children(node, "arguments")[0]))
        context.report({ node, messageId: "combined", data: { name } });
    },
  }),
);
