/** What the documentation says about an error's code: the page of this version, in a dialog. */
import { useEffect, useState } from "preact/hooks";
import { askFields } from "../../admin/client.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Prose } from "../../parts/prose.tsx";
import { BASE } from "../../routes.ts";

export function ErrorCodeLink({ code }: { readonly code: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="linkish" onClick={() => setOpen(true)}>
        What to do about {code}
      </button>
      {open && <ErrorPage code={code} onClose={() => setOpen(false)} />}
    </>
  );
}

function ErrorPage({ code, onClose }: { readonly code: string; readonly onClose: () => void }) {
  const [text, setText] = useState<string>();
  useEffect(() => {
    const load = async (): Promise<void> => {
      try {
        const pages = await askFields(`${BASE}/errors.json`);
        setText(pages.optionalText(code) ?? `There is no page about ${code}.`);
      } catch {
        setText("The page could not be loaded. It is docs/errors in the package.");
      }
    };
    void load();
  }, [code]);
  return (
    <Dialog title={code} onClose={onClose}>
      {text === undefined ? <p class="muted">Loading…</p> : <Prose text={text} />}
    </Dialog>
  );
}
