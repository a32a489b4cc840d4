/** Registers what is served at an address, after showing what that would change. */
import { useState } from "preact/hooks";
import { askFields } from "../../admin/client.ts";
import { refresh } from "../../admin/live.ts";
import { type ServiceInfo, serviceOf } from "../../admin/service.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { toast } from "../../parts/toast.tsx";
import { to } from "../../routes.ts";
import { messageOf, visible } from "../../words/text.ts";
import { type Changes, changesBetween } from "./changes.ts";
import { ChangeList } from "./changes-card.tsx";

interface RegisterProps {
  /** As new calls find them now. */
  readonly services: readonly ServiceInfo[];
  readonly onClose: () => void;
}

interface Preview {
  readonly address: string;
  readonly changes: Changes;
  readonly warnings: readonly string[];
  readonly breaks: boolean;
}

const isArn = (address: string): boolean => address.startsWith("arn:");
const placeOf = (address: string) => (isArn(address) ? { arn: address } : { uri: address });

export function Register({ services, onClose }: RegisterProps) {
  const [address, setAddress] = useState("");
  const [preview, setPreview] = useState<Preview>();
  const [wrong, setWrong] = useState<string>();
  const [sure, setSure] = useState(false);
  const [busy, setBusy] = useState(false);
  const trying = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setWrong(undefined);
    try {
      await work();
    } catch (error) {
      setWrong(messageOf(error));
    }
    setBusy(false);
  };
  const look = (): Promise<void> => trying(async () => setPreview(await previewOf(address.trim(), services)));
  const register = (): Promise<void> =>
    trying(async () => {
      const body = { ...placeOf(address.trim()), ...(sure && { breaking: true }) };
      const answer = await askFields("/deployments", { method: "POST", body });
      toast("Registered: new calls go there.", {
        href: to.deployment(answer.text("id")),
        text: "Look at it",
      });
      refresh();
      onClose();
    });
  const shown = preview?.address === address.trim() ? preview : undefined;
  return (
    <Dialog
      title="Register a deployment"
      onClose={onClose}
      footer={<Buttons {...{ busy, address, shown, sure, onClose, look, register }} />}
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!shown) void look();
        }}
      >
        <Address value={address} onChange={setAddress} />
        {wrong !== undefined && (
          <p class="err" role="alert">
            {visible(wrong)}
          </p>
        )}
        {shown && <Shown preview={shown} sure={sure} onSure={setSure} />}
      </form>
    </Dialog>
  );
}

interface ButtonsProps {
  readonly busy: boolean;
  readonly address: string;
  readonly shown: Preview | undefined;
  readonly sure: boolean;
  readonly onClose: () => void;
  readonly look: () => Promise<void>;
  readonly register: () => Promise<void>;
}

const Buttons = ({ busy, address, shown, sure, onClose, look, register }: ButtonsProps) => (
  <>
    <button type="button" class="b" onClick={onClose}>
      Back
    </button>
    {shown ? (
      <button
        type="button"
        class="b p"
        disabled={busy || (shown.breaks && !sure)}
        onClick={() => void register()}
      >
        Register
      </button>
    ) : (
      <button type="button" class="b p" disabled={busy || address.trim() === ""} onClick={() => void look()}>
        See what it would change
      </button>
    )}
  </>
);

async function previewOf(address: string, services: readonly ServiceInfo[]): Promise<Preview> {
  const body = { ...placeOf(address), dry_run: true, breaking: true };
  const answer = await askFields("/deployments", { method: "POST", body });
  const served = answer.objects("services").map(serviceOf);
  const known = services.filter(({ name }) => served.some((service) => service.name === name));
  const changes = changesBetween(known, served);
  const warnings = answer.objects("info").map((info) => info.optionalText("message") ?? "");
  const retyped = served.some((is) => services.some((was) => was.name === is.name && was.type !== is.type));
  return {
    address,
    changes,
    warnings,
    breaks: retyped || changes.changes.some(({ kind }) => kind === "removed"),
  };
}

const Address = ({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (text: string) => void;
}) => (
  <label class="field">
    <span class="lab">Address</span>
    <input
      class="mono"
      placeholder="http://localhost:9080"
      value={value}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
    <span class="hint">
      Locally a URL where handlers are served; in AWS the ARN of a function’s version. An alias will not do:
      what is in flight stays on one version.
    </span>
  </label>
);

interface ShownProps {
  readonly preview: Preview;
  readonly sure: boolean;
  readonly onSure: (sure: boolean) => void;
}

const Shown = ({ preview: { changes, warnings, breaks }, sure, onSure }: ShownProps) => (
  <div class="form" role="status">
    <p class="lab">It would change</p>
    <ChangeList of={changes} />
    {warnings.map((warning) => (
      <p key={warning} class="note warned">
        {visible(warning)}
      </p>
    ))}
    <p class="note">
      What is in flight stays where it is. New calls of these services go to the new deployment.
    </p>
    {breaks && (
      <label class="row">
        <input type="checkbox" checked={sure} onChange={(event) => onSure(event.currentTarget.checked)} />
        I know that nobody calls what is gone
      </label>
    )}
  </div>
);
