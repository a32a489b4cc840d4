/** The pages of the site: which documents they are, and in which order the sidebar shows them. */
import { globSync } from "node:fs";
import { basename } from "node:path";

export interface Group {
  readonly title: string;
  /** Paths of documents from the root. */
  readonly pages: readonly string[];
  readonly isCollapsed?: boolean;
}

const guide = (name: string): string => `docs/guide/${name}.md`;
const cookbook = (name: string): string => `docs/cookbook/${name}.md`;
const page = (name: string): string => `docs/${name}.md`;

/** The sidebar, by kind. test/unit/docs/site.test.ts: no document is left out. */
export const GROUPS: readonly Group[] = [
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
      ...["entity-loop", "updates", "state-machine", "rate-limit"].map(cookbook),
      page("ai-agents"),
    ],
  },
  {
    title: "Run it here",
    pages: [
      ...["cli", "config", "ui", "sql", "sql-export", "dev-powers", "lint"].map(page),
      "examples/README.md",
    ],
  },
  {
    title: "Deploy and operate",
    pages: [
      ...["deploy"].map(page),
      guide("calling-from"),
      ...["events", "operations"].map(page),
      guide("producing-events"),
      guide("observability"),
      ...["tracing", "scaling", "costs", "security", "emulators"].map(page),
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
  { title: "Project", pages: ["ARCHITECTURE.md", "CONTRIBUTING.md"] },
  { title: "Lint rules", pages: every("docs/lint/*.md"), isCollapsed: true },
  { title: "Errors by code", pages: every("docs/errors/*.md"), isCollapsed: true },
  { title: "Decisions", pages: every("docs/decisions/*.md"), isCollapsed: true },
];

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
