/**
 * A page in a browser that starts a workflow and follows it: `10-page.html`. Close it, reload it, kill the server: the page goes on
 * where the workflow is, because the workflow's key is in its address.
 */
import { handlers, TerminalError, workflow } from "perdure";
import type { WorkflowContext, WorkflowSharedContext } from "perdure";

export interface Import {
  status: "reading" | "waiting" | "importing" | "done" | "refused";
  rows: number;
}
interface ImportState {
  import: Import;
}

/** An import of a table, keyed by an id that the page has made. */
export const tableImport = workflow({
  name: "TableImport",
  handlers: {
    run: async (ctx: WorkflowContext<ImportState>, table: string) => {
      if (typeof table !== "string" || table.trim() === "")
        throw new TerminalError("The table is empty", { errorCode: 400 });
      const show = (status: Import["status"], rows: number): void => ctx.set("import", { status, rows });

      show("reading", 0);
      const rows = await ctx.run("read the table", () => table.trim().split("\n").length);
      show("waiting", rows);
      // The user looks at the number of rows, and says yes or no on the page.
      if (!(await ctx.promise<boolean>("confirmed"))) {
        show("refused", 0);
        return 0;
      }
      for (let row = 1; row <= rows; row++) {
        show("importing", row);
        await ctx.sleep(200, `row ${row}`);
      }
      show("done", rows);
      return rows;
    },

    confirm: async (ctx: WorkflowSharedContext<ImportState>, isYes: boolean) => {
      await ctx.promise<boolean>("confirmed").resolve(isYes);
    },

    show: handlers.workflow.shared(
      async (ctx: WorkflowSharedContext<ImportState>) => await ctx.get("import"),
    ),
  },
});

export default [tableImport];
