/** The site's settings. It loads nothing from elsewhere: its search is a file of its own, its fonts are the reader's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type DefaultTheme } from "vitepress";
import { titleOf } from "./llms.ts";
import { GROUPS, sitePath } from "./pages.ts";
import { ROOT } from "./stage.ts";

/** Made when the site is built, so no document of the repository. */
const MADE = { api: "/api/", commands: "/commands" };

const linkOf = (document: string): string => `/${sitePath(document).replace(/(index)?\.md$/, "")}`;

const item = (document: string): DefaultTheme.SidebarItem => ({
  text: titleOf(readFileSync(join(ROOT, document), "utf8")),
  link: linkOf(document),
});

const sidebar: DefaultTheme.SidebarItem[] = GROUPS.map(({ title, pages, isCollapsed = false }) => ({
  text: title,
  collapsed: isCollapsed,
  items: [
    ...(title === "Reference"
      ? [
          { text: "API reference", link: MADE.api },
          { text: "Commands and options", link: MADE.commands },
        ]
      : []),
    ...pages.map(item),
  ],
}));

export default defineConfig({
  title: "Perdure",
  description:
    "Durable execution without a server: TypeScript functions that survive crashes, in your own AWS account.",
  lang: "en",
  head: [["link", { rel: "icon", href: "data:," }]],
  // Angle brackets in a document are text.
  markdown: { html: false, linkify: false },
  // What language models read is no page.
  srcExclude: ["public/**"],
  ignoreDeadLinks: [/^https?:\/\/localhost/, /^\/calculator\//],
  vite: { build: { chunkSizeWarningLimit: 4096 } },
  themeConfig: {
    search: { provider: "local" },
    nav: [
      { text: "Quickstart", link: "/quickstart" },
      { text: "Guide", link: "/guide/" },
      { text: "API", link: MADE.api },
    ],
    sidebar,
    outline: [2, 3],
    docFooter: { prev: "Previous", next: "Next" },
  },
});
