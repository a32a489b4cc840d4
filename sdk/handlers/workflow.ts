export { sharedWorkflowHandler as shared, workflowHandler as workflow } from "../definition.ts";
