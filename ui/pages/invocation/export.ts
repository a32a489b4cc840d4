/** All that the admin API knows of an invocation, as a file. */
import { ask, path } from "../../admin/client.ts";

const INDENT = 2;

export async function exportJson(id: string): Promise<void> {
  const [invocation, journal] = await Promise.all([
    ask(path`/invocations/${id}`),
    ask(path`/invocations/${id}/journal`),
  ]);
  const text = JSON.stringify({ invocation, journal }, undefined, INDENT);
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${id}.json`;
  link.click();
  URL.revokeObjectURL(url);
}
