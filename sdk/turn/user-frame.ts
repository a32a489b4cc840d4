/** Where in the user's code something comes from, as a stack tells it. */
const HERE = import.meta.url;
/** The SDK's folders, unless this is part of a bundle, whose files are the user's. */
const FOLDERS = /[\\/]sdk[\\/]turn[\\/]user-frame\.[jt]s$/.test(HERE)
  ? ["sdk", "lib"].map((folder) => new URL(`../../${folder}/`, HERE))
  : [];
/** As a package, or as the source map of a bundle names it. */
const OWN_FILE =
  /[\\/]perdure[\\/](?:dist[\\/](?:cjs[\\/])?)?(?:sdk|lib)[\\/]|[\\/]sdk[\\/](?:held|hooks|endpoint|turn[\\/][a-z]+(?:-[a-z]+)*)\.[jt]s:/;
/** Of the process that runs handlers for the local engine. */
const HOST_FILE = /[\\/]runtime[\\/]dev[\\/]hosts[\\/]/;
/** In a bundle without a source map the SDK's calls are told by name. */
const OWN_CALL =
  /^at (?:async )?(?:new \w+Error|assertSameCommand|siteOf|(?:TurnMachine|TurnDriver|OpenOperations|Forgotten|TurnContext|HandlerContext|CallingContext|ReferenceContext|DurablePromise|InvocationPromise)\.)/;

const isOwn = (frame: string): boolean =>
  OWN_CALL.test(frame) ||
  OWN_FILE.test(frame) ||
  HOST_FILE.test(frame) ||
  frame.includes("(node:") ||
  FOLDERS.some(({ href, pathname }) => frame.includes(href) || frame.includes(pathname));

/** Where in the user's code an error comes from: the innermost call that is not the SDK's own, as the stack says it
 * (`placeOrder (/app/src/order.ts:12:9)`). `undefined` if there is none. */
export function userFrame(stack: string | undefined): string | undefined {
  const frames = (stack ?? "").split("\n").map((line) => line.trim());
  const frame = frames.find((line) => line.startsWith("at ") && !isOwn(line));
  return frame?.slice("at ".length).replace("file://", "");
}
