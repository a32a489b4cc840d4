/** By which alias an event source invokes the source door: the contract between the stack, which makes it, and the door, which reads it. */
import { subscriptionId } from "./shown-id.ts";

/** The source takes no list of failures. */
export const WHOLE_SUFFIX = "-whole";

/** `failsWhole`: an error tells the source that something has failed, and all of the event comes again. */
export const sourceAlias = (subscription: string, failsWhole: boolean): string =>
  subscriptionId(subscription) + (failsWhole ? WHOLE_SUFFIX : "");
