/** How people find what a construct has made: by the name of its stack, and its place in it. */
import { Stack, Token } from "aws-cdk-lib";
import type { Construct } from "constructs";

/** `Shop/Runtime`. It is the same at each deployment, and no other construct of the account and region has it. A nested stack's name is
 * not known yet, so it is the name of the stack around it. */
export function labelOf(construct: Construct): string {
  let stack = Stack.of(construct);
  while (stack.nestedStackParent) stack = stack.nestedStackParent;
  const { stackName } = stack;
  const within = construct.node.path.slice(stack.node.path.length);
  return (Token.isUnresolved(stackName) ? stack.node.path : stackName) + within;
}
