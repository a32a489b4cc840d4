export { exclusiveHandler as exclusive, sharedHandler as shared } from "../definition.ts";
