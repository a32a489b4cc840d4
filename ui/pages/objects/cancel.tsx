/** Cancels what has a key, after saying what that does. */
import { ask, path } from "../../admin/client.ts";
import type { Invocation } from "../../admin/invocation.ts";
import { refresh } from "../../admin/live.ts";
import { useServer } from "../../admin/server.ts";
import { Confirm } from "../../parts/dialog.tsx";
import { targetText } from "../../parts/names.tsx";
import { toast } from "../../parts/toast.tsx";
import { to } from "../../routes.ts";
import { visible } from "../../words/text.ts";

interface CancelProps {
  readonly of: Invocation;
  readonly onClose: () => void;
}

export const CancelRun = ({ of, onClose }: CancelProps) => (
  <Cancel of={of} title={`Cancel the run of ${visible(of.target.key ?? "")}`} onClose={onClose}>
    The run gets a cancellation where it waits. Its code may undo what it has done, and then ends. What it has
    sent goes on. A workflow runs once for each key: this key does not run again while its result is kept.
  </Cancel>
);

/** Of a ring: lets the others through. */
export const CancelOwner = ({ of, onClose }: CancelProps) => (
  <Cancel of={of} title={`Cancel ${targetText(of.target)}`} onClose={onClose}>
    It gets a cancellation where it waits, and the call that it awaits is cancelled, too. Its code may undo
    what it has done. Then it leaves its key, and what waits for that goes on.
  </Cancel>
);

function Cancel({
  of,
  title,
  onClose,
  children,
}: CancelProps & { readonly title: string; readonly children: string }) {
  const { data: server } = useServer();
  return (
    <Confirm
      title={title}
      action="Cancel it"
      danger
      typed={server?.isProduction === true ? of.target.key : undefined}
      onClose={onClose}
      onConfirm={async () => {
        await ask(path`/invocations/${of.id}/cancel`, { method: "PATCH" });
        toast("Cancelled: it gets the error where it waits, and may undo.", {
          href: to.invocation(of.id),
          text: "See it",
        });
        refresh();
      }}
    >
      <p>{children}</p>
    </Confirm>
  );
}
