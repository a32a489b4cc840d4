/**
 * Serves the web UI: the files that `npm run build:ui` has made, at `/ui/` of the admin API.
 *
 * Every address below `/ui/` that is no file is a view, and gets the page. The page may load nothing but its own files and ask
 * nobody but this server: names and payloads are data, and nothing in them can run.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { emptyResponse, type HttpRequest, type HttpResponse } from "../../http/message.ts";

const PATH = "/ui";
/** In the package the files lie beside the compiled sources; in this repository the sources lie beside `dist`. */
const FOLDERS = [join(import.meta.dirname, "../../../ui"), join(import.meta.dirname, "../../../dist/ui")];

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  json: "application/json",
};

const SAFE_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
};
/** What has its contents' hash in its name never changes. */
const HASHED = /-[0-9a-f]{12}\.\w+$/;
const FOR_EVER = "public, max-age=31536000, immutable";
const ASK_ANEW = "no-cache";

/** A page or a file of the UI: the same for everybody. */
export const isUiPath = (path: string): boolean => path === PATH || path.startsWith(`${PATH}/`);

export class UiFiles {
  readonly #files: ReadonlyMap<string, Uint8Array>;

  /** `folders`: the first one that has a built page is served. */
  constructor(folders: readonly string[] = FOLDERS) {
    this.#files = filesIn(folders);
  }

  /** `undefined`: the request is not for the UI. */
  answer({ method, path, headers }: HttpRequest): HttpResponse | undefined {
    if (method !== "GET" && method !== "HEAD") return undefined;
    if (path === "/" && headers["accept"]?.includes("text/html") === true)
      return emptyResponse(302, { location: `${PATH}/` });
    if (!isUiPath(path)) return undefined;
    if (path === PATH) return emptyResponse(302, { location: `${PATH}/` });
    const name = path.slice(PATH.length + 1);
    const file = this.#files.get(name);
    if (file !== undefined && name !== "index.html")
      return fileResponse(name, file, HASHED.test(name) ? FOR_EVER : ASK_ANEW);
    const page = this.#files.get("index.html");
    return page === undefined ? notBuilt() : fileResponse("index.html", page, ASK_ANEW);
  }
}

function filesIn(folders: readonly string[]): ReadonlyMap<string, Uint8Array> {
  for (const folder of folders) {
    try {
      const found = readdirSync(folder);
      // The sources have a page, too.
      if (!found.includes("index.html") || found.includes("main.tsx")) continue;
      const names = found.filter((name) => extensionOf(name) in TYPES);
      return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
    } catch {
      // Not there: the next.
    }
  }
  return new Map();
}

const extensionOf = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

const fileResponse = (name: string, body: Uint8Array, caching: string): HttpResponse => ({
  status: 200,
  headers: {
    ...SAFE_HEADERS,
    "content-type": TYPES[extensionOf(name)] ?? "application/octet-stream",
    "cache-control": caching,
  },
  body,
});

const notBuilt = (): HttpResponse => ({
  status: 404,
  headers: { ...SAFE_HEADERS, "content-type": "text/plain; charset=utf-8" },
  body: new TextEncoder().encode("The web UI is not built in this checkout: npm run build:ui\n"),
});
