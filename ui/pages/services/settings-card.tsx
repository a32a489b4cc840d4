/** Settings of a service, each with what it means; changed without a new deployment. */
import { useId, useState } from "preact/hooks";
import { ask, path } from "../../admin/client.ts";
import { refresh } from "../../admin/live.ts";
import { useServer } from "../../admin/server.ts";
import type { ServiceInfo } from "../../admin/service.ts";
import { Confirm } from "../../parts/dialog.tsx";
import { toast } from "../../parts/toast.tsx";
import { visible } from "../../words/text.ts";
import { changesIn, checked, durationInWords, type Setting, settingsOf } from "./settings.ts";

interface SettingsProps {
  readonly service: ServiceInfo;
  readonly onChanged: () => void;
}

export function SettingsCard({ service, onChanged }: SettingsProps) {
  const [editing, setEditing] = useState(false);
  return (
    <section class="card" aria-label="Settings">
      <header>
        <h2 class="grow">Settings</h2>
        {!editing && (
          <button type="button" class="b sm" onClick={() => setEditing(true)}>
            Change…
          </button>
        )}
      </header>
      {editing ? (
        <Editor service={service} onChanged={onChanged} onClose={() => setEditing(false)} />
      ) : (
        <dl class="settings pad">
          {settingsOf(service).map((setting) => (
            <Shown key={setting.field} setting={setting} service={service} />
          ))}
        </dl>
      )}
    </section>
  );
}

const valueOf = ({ fields }: ServiceInfo, field: string): string => fields.optionalText(field) ?? "";

const Shown = ({ setting, service }: { readonly setting: Setting; readonly service: ServiceInfo }) => (
  <div>
    <dt class="row between">
      <span>{setting.name}</span>
      <b class="num">{durationInWords(valueOf(service, setting.field)) || setting.unset}</b>
    </dt>
    <dd class="sub">{setting.meaning}</dd>
  </div>
);

function Editor({ service, onChanged, onClose }: SettingsProps & { readonly onClose: () => void }) {
  const settings = settingsOf(service);
  const before = Object.fromEntries(settings.map(({ field }) => [field, valueOf(service, field)]));
  const [after, setAfter] = useState<Readonly<Record<string, string>>>(before);
  const [isPublic, setPublic] = useState(service.isPublic);
  const [asking, setAsking] = useState(false);
  const changes = { ...changesIn(before, after), ...(isPublic !== service.isPublic && { public: isPublic }) };
  const isWrong = Object.values(changes).some((text) => typeof text === "string" && "fault" in checked(text));
  return (
    <form
      class="pad form"
      onSubmit={(event) => {
        event.preventDefault();
        setAsking(true);
      }}
    >
      {settings.map((setting) => (
        <SettingField
          key={setting.field}
          setting={setting}
          value={after[setting.field] ?? ""}
          onChange={(text) => setAfter({ ...after, [setting.field]: text })}
        />
      ))}
      <label class="row">
        <input
          type="checkbox"
          checked={isPublic}
          onChange={(event) => setPublic(event.currentTarget.checked)}
        />
        Public: may be called from outside
      </label>
      <div class="row wrap send">
        <button type="button" class="b" onClick={onClose}>
          Leave as it is
        </button>
        <button type="submit" class="b p" disabled={isWrong || Object.keys(changes).length === 0}>
          Review…
        </button>
      </div>
      {asking && (
        <ReviewSettings
          {...{ service, before, changes }}
          onClose={() => setAsking(false)}
          onDone={() => {
            onChanged();
            onClose();
          }}
        />
      )}
    </form>
  );
}

interface FieldProps {
  readonly setting: Setting;
  readonly value: string;
  readonly onChange: (text: string) => void;
}

function SettingField({ setting, value, onChange }: FieldProps) {
  const id = useId();
  const found = value.trim() === "" ? undefined : checked(value);
  const fault = found && "fault" in found ? found.fault : undefined;
  return (
    <div class="field">
      <label for={id}>{setting.name}</label>
      <input
        id={id}
        class="mono"
        placeholder={setting.unset}
        aria-invalid={fault !== undefined}
        aria-describedby={`${id}-h`}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      {fault === undefined ? (
        <span class="hint" id={`${id}-h`}>
          {found && "words" in found ? `${found.words}. ` : ""}
          {setting.meaning}
        </span>
      ) : (
        <span class="err" id={`${id}-h`}>
          {fault}
        </span>
      )}
    </div>
  );
}

interface ReviewProps {
  readonly service: ServiceInfo;
  readonly before: Readonly<Record<string, string>>;
  readonly changes: Readonly<Record<string, string | boolean>>;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function ReviewSettings({ service, before, changes, onClose, onDone }: ReviewProps) {
  const { data: server } = useServer();
  const { name } = service;
  return (
    <Confirm
      title={`Change the settings of ${visible(name)}`}
      action="Change them"
      back="Back"
      typed={server?.isProduction === true && changes["public"] !== undefined ? name : undefined}
      onClose={onClose}
      onConfirm={async () => {
        await ask(path`/services/${name}`, { method: "PATCH", body: changes });
        toast(`The settings of ${visible(name)} are changed.`);
        refresh();
        onDone();
      }}
    >
      <div class="form">
        <div class="diff">
          {Object.entries(changes).map(([field, value]) => (
            <>
              <div class="del" key={field}>
                − {field}: {field === "public" ? String(service.isPublic) : before[field] || "not set"}
              </div>
              <div class="add">
                + {field}: {String(value)}
              </div>
            </>
          ))}
        </div>
        <p class="note">
          This goes for all handlers of {visible(name)}, whatever they declare, and for what is in flight on
          this revision from its next turn on. It lasts until the next revision is registered.
        </p>
      </div>
    </Confirm>
  );
}
