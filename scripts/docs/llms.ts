/** `llms.txt`: an index of the pages for language models; `llms-full.txt`: all of what users read, in one file. */
import { GROUPS, sitePath } from "./pages.ts";

/** They explain how Perdure is made, and are long. */
const NOT_FOR_USERS = new Set(["Decisions", "Project"]);

export function llms(pages: ReadonlyMap<string, string>): { index: string; full: string } {
  const groups = GROUPS.filter(({ title }) => !NOT_FOR_USERS.has(title)).map(({ title, pages: paths }) => ({
    title,
    pages: paths.map((path) => ({ path: sitePath(path), text: pages.get(path) ?? "" })),
  }));
  const index = groups.flatMap(({ title, pages: listed }) => [
    `## ${title}`,
    listed.map(({ path, text }) => `- [${titleOf(text)}](/${path}): ${summaryOf(text)}`).join("\n"),
  ]);
  const head = [
    "# Perdure",
    "> Durable execution for TypeScript without a server: handlers that survive crashes, on DynamoDB, SQS and Lambda in your own AWS account. The programming model is Restate's.",
  ];
  return {
    index: `${[...head, ...index].join("\n\n")}\n`,
    full: `${[...head, ...groups.flatMap(({ pages: listed }) => listed.map(({ text }) => text))].join("\n\n")}\n`,
  };
}

export const titleOf = (text: string): string => /^# (.*)$/m.exec(text)?.[1]?.replaceAll("`", "") ?? "";

/** The first sentence of its text. */
function summaryOf(text: string): string {
  const [paragraph = ""] = text
    .split("\n\n")
    .filter((part) => !/^(#|```|\||!|-|\d\.)/.test(part.trim()) && part.trim() !== "");
  const plain = paragraph
    .trim()
    .replaceAll("\n", " ")
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  return (/^.*?[.:](?=\s|$)/.exec(plain)?.[0] ?? plain).replace(/:$/, ".");
}
