/** The pages of the site: which documents they are, and in which order the sidebar shows them. */
import { globSync } from "node:fs";
import { basename } from "node:path";

export interface Group {
  readonly title: string;
  /** Paths of documents from the root. */
  readonly pages: readonly string[];
  readonly isCollapsed?: boolean;
}

/** It is reached by the site's name. */
const FIRST = "docs/README.md";

const guide = (name: string): string => `docs/guide/${name}.md`;
const cookbook = (name: string): string => `docs/cookbook/${name}.md`;
const page = (name: string): string => `docs/${name}.md`;

/** The sidebar, by kind. */
const LISTED: readonly Group[] = [
  {
    title: "Start",
    pages: ["quickstart", "concepts", "tutorial", "determinism", "troubleshooting"].map(page),
  },
  {
    title: "Guide",
    pages: [
      guide("README"),
      ...[
        "services",
        "virtual-objects",
        "workflows",
        "timers",
        "calls-and-sends",
        "awakeables-and-signals",
      ].map(guide),
      ...["combinators", "errors-and-sagas", "http", "serialization", "versioning", "testing"].map(guide),
    ],
  },
  {
    title: "Cookbook",
    pages: [
      cookbook("README"),
      ...["schedules", "fan-out", "polling", "debounce", "approval", "webhooks"].map(cookbook),
      ...["entity-loop", "updates", "state-machine", "rate-limit", "tests"].map(cookbook),
      page("ai-agents"),
    ],
  },
  {
    title: "Run it here",
    pages: [
      ...["cli", "debugging", "config", "ui", "sql", "sql-export", "dev-powers", "testing", "lint"].map(page),
      "examples/README.md",
    ],
  },
  {
    title: "Deploy and operate",
    pages: [
      ...["deploy", "stages"].map(page),
      guide("calling-from"),
      ...["events", "operations", "monitoring"].map(page),
      guide("producing-events"),
      guide("observability"),
      ...["tracing", "scaling", "costs", "pricing", "security", "emulators"].map(page),
    ],
  },
  {
    title: "Come from elsewhere",
    pages: [
      page("migration"),
      ...["lambda-durable-functions", "step-functions", "temporal"].map((name) => page(`migration/${name}`)),
      ...["restate-tools", "parity", "benchmarks"].map(page),
    ],
  },
  {
    title: "Reference",
    pages: ["limits", "guarantees", "errors", "ingress", "admin-api", "protocol", "journal-format"].map(page),
  },
  { title: "Lint rules", pages: every("docs/lint/*.md"), isCollapsed: true },
  { title: "Project", pages: ["CHANGELOG.md", page("versions"), "ARCHITECTURE.md", "CONTRIBUTING.md"] },
  { title: "Errors by code", pages: every("docs/errors/*.md"), isCollapsed: true },
  { title: "Decisions", pages: every("docs/decisions/*.md"), isCollapsed: true },
];

/** What is not listed above stands at the end of its folder's group. test/unit/docs/site.test.ts: no document is left out. */
const REST: Readonly<Record<string, string>> = {
  Guide: "docs/guide/*.md",
  Cookbook: "docs/cookbook/*.md",
  "Come from elsewhere": "docs/migration/*.md",
  Reference: "docs/*.md",
};

const listed = new Set(LISTED.flatMap(({ pages }) => pages));

export const GROUPS: readonly Group[] = LISTED.map((group) => {
  const { [group.title]: pattern } = REST;
  const rest =
    pattern === undefined ? [] : every(pattern).filter((path) => !listed.has(path) && path !== FIRST);
  return { ...group, pages: [...group.pages, ...rest] };
});

function every(pattern: string): string[] {
  return globSync(pattern, { cwd: `${import.meta.dirname}/../..` }).toSorted();
}

/** Where a document is on the site, as a path of a Markdown file. The first page is docs/README.md. */
export function sitePath(document: string): string {
  const path = document.startsWith("docs/") ? document.slice("docs/".length) : document;
  const named = path.replace(/(^|\/)README\.md$/, "$1index.md");
  // Upper case is for the files at the root of a repository.
  return path === named && !path.includes("/") ? basename(path).toLowerCase() : named;
}
