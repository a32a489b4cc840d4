/** What stands around every page: navigation, environment, liveness, palette and help. */
import type { ComponentChildren } from "preact";
import { useEffect, useReducer, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { liveness, onLiveness } from "../admin/live.ts";
import { type Server, useServer } from "../admin/server.ts";
import { useOverview } from "../admin/use-overview.ts";
import { Icon } from "../parts/icon.tsx";
import { useKeys } from "../parts/keyboard.ts";
import { useNow } from "../parts/now.ts";
import { flipTheme } from "../parts/theme.ts";
import { Toasts } from "../parts/toast.tsx";
import { BASE, to } from "../routes.ts";
import { shortId, visible } from "../words/text.ts";
import { duration } from "../words/time.ts";
import { Help } from "./help.tsx";
import { PAGES } from "./pages.ts";
import { Palette } from "./palette.tsx";

type Open = "palette" | "help" | undefined;

export function Shell({ children }: { readonly children: ComponentChildren }) {
  const { path, route } = useLocation();
  const { data: server } = useServer();
  const [open, setOpen] = useState<Open>();
  // The browser says a moment later that a dialog was closed: another one may be open by then.
  const closing = (what: Open) => (): void => setOpen((now) => (now === what ? undefined : now));
  useEffect(() => {
    const palette = (event: KeyboardEvent): void => {
      if (!(event.metaKey || event.ctrlKey) || event.key !== "k") return;
      event.preventDefault();
      setOpen("palette");
    };
    document.addEventListener("keydown", palette);
    return () => document.removeEventListener("keydown", palette);
  }, []);
  useKeys("Everywhere", [
    { keys: "?", help: "This help", run: () => setOpen("help") },
    { keys: "D", help: "Light or dark", run: flipTheme },
    {
      keys: "g a",
      help: "What needs attention",
      run: () => route(to.invocations({ status: "backing-off,paused" })),
    },
    ...PAGES.map(({ name, key, href }) => ({ keys: `g ${key}`, help: name, run: () => route(href()) })),
  ]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      {server?.isProduction === true && <div class="prodline" />}
      <div class="app">
        <Navigation path={path} server={server} />
        <div>
          <Top path={path} onOpen={setOpen} />
          <main class="page" id="main">
            {children}
          </main>
        </div>
      </div>
      {open === "palette" && <Palette onClose={closing("palette")} />}
      {open === "help" && <Help onClose={closing("help")} />}
      <Toasts />
    </>
  );
}

interface TopProps {
  readonly path: string;
  readonly onOpen: (what: Open) => void;
}

const Top = ({ path, onOpen }: TopProps) => (
  <div class="top">
    <div class="in">
      <Crumbs path={path} />
      <Live />
      <button type="button" class="jump" aria-label="Search or jump to" onClick={() => onOpen("palette")}>
        <Icon name="search" />
        <span>Search or jump to</span>
        <kbd>⌘ K</kbd>
      </button>
      <button
        type="button"
        class="b q ic"
        aria-label="Switch light or dark"
        title="Light or dark"
        onClick={flipTheme}
      >
        <Icon name="theme" />
      </button>
      <button
        type="button"
        class="b q ic hide"
        aria-label="Keys and words"
        title="Keys and words (?)"
        onClick={() => onOpen("help")}
      >
        <Icon name="help" />
      </button>
    </div>
  </div>
);

interface NavigationProps {
  readonly path: string;
  readonly server: Server | undefined;
}

const Navigation = ({ path, server }: NavigationProps) => (
  <nav class="nav" aria-label="Main">
    <a class="brand" href={to.overview()}>
      <Icon name="brand" />
      Perdure
    </a>
    {server && <Environment of={server} />}
    {PAGES.map(({ name, href, icon, long }) => (
      <a
        key={name}
        class={long === true ? "item long" : "item"}
        href={href()}
        {...(isWithin(path, href()) && { "aria-current": "page" as const })}
      >
        <Icon name={icon} />
        <span>{name}</span>
        {href === to.overview && <AttentionCount />}
      </a>
    ))}
    {server && (
      <div class="foot">
        {server.dataPath !== undefined && <div>Data: {server.dataPath}</div>}
        <div>perdure {server.version}</div>
        <div>Times: {Intl.DateTimeFormat().resolvedOptions().timeZone}</div>
      </div>
    )}
  </nav>
);

/** A key's page: its key stands in the query. */
const OBJECT = `${BASE}/object`;
/** How many things need somebody, from every page. */
function AttentionCount() {
  const count = useOverview().data?.attention?.length ?? 0;
  return count === 0 ? null : (
    <span class="n hot" title={`${count === 1 ? "1 thing wants" : `${count} things want`} attention`}>
      {count}
    </span>
  );
}

const isWithin = (path: string, href: string): boolean =>
  href === to.overview()
    ? path === href || `${path}/` === href
    : path === href || path.startsWith(`${href}/`) || (path === OBJECT && href === to.objects());

const Environment = ({ of }: { readonly of: Server }) => (
  <div class={of.isProduction ? "env prod" : "env"}>
    <b>{of.isProduction ? "PRODUCTION" : of.kind === "aws" ? "AWS" : "Local"}</b>
    <span class="muted">{whereWords(of)}</span>
  </div>
);

const whereWords = ({ kind, name, account, region, role, isReadOnly }: Server): string =>
  [
    name ?? (kind === "local" ? "perdure dev" : "stack"),
    ...[account, region, role, isReadOnly ? "read-only" : undefined],
  ]
    .filter((text) => text !== undefined && text !== "")
    .join(" · ");

const ID = /^(?:inv|dp)_[\w-]+$/u;
function Crumbs({ path }: { readonly path: string }) {
  const { query } = useLocation();
  const page = PAGES.findLast(({ href }) => isWithin(path, href()));
  const { service, key } = query;
  const isKey = path === OBJECT && service !== undefined && key !== undefined;
  const last = isKey ? key : decoded(path.split("/")[3] ?? "");
  const isDeeper = page !== undefined && (isKey || last !== "");
  return (
    <div class="crumbs">
      {isDeeper ? <a href={page.href()}>{page.name}</a> : <b>{page?.name ?? "Perdure"}</b>}
      {isKey && (
        <>
          <Icon name="chev" small />
          <a href={to.objects(service)}>{visible(service)}</a>
        </>
      )}
      {isDeeper && (
        <>
          <Icon name="chev" small />
          <b class="cut" title={visible(last)}>
            {ID.test(last) ? shortId(last) : visible(last)}
          </b>
        </>
      )}
    </div>
  );
}

/** An address that somebody has typed may hold what is no encoding. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const OLD_MS = 5000;
/** How young what is on the screen is. */
function Live() {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => onLiveness(() => again(undefined)), []);
  useNow();
  const { lastAnswerMs, failing, told } = liveness();
  const age = Date.now() - lastAnswerMs;
  const words = failing
    ? `No answer${lastAnswerMs === 0 ? "" : ` for ${duration(age)}`}`
    : told || age < OLD_MS
      ? "Live"
      : `${duration(age)} old`;
  return (
    <span class={failing ? "live off" : "live"} title="No questions are asked from a hidden tab.">
      <i />
      <span class="hide">{words}</span>
    </span>
  );
}
