// Where people write: text, files by button, drop or paste; Enter sends unless an input method is composing.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Attachment } from "./api";
import { Refused } from "./api";
import type { Conversation } from "./conversation";
import { Icon } from "./icons";
import { fileSize, t } from "./text";

const MAX_TEXT = 20_000;
const SHOW_COUNT_FROM = 15_000;
// What the server takes; told before anything is sent, as a browser does not show an answer that comes in the middle.
const MAX_FILES = 100;
const MAX_FILE = 25 * 1024 ** 2;
const MAX_ARCHIVE = 1 * 1024 ** 3;
const AT_ONCE = 3; // a browser has six connections to us, and the chat itself needs two

type Upload = { file: File; share: number; begun?: boolean; stop: AbortController; attachment?: Attachment; problem?: string };

export type ComposerHandle = { add: (files: Iterable<File>) => void };

export function Composer({ conversation, customer, handle }: {
  conversation: Conversation;
  customer: boolean;
  handle: { current: ComposerHandle | null };
}) {
  const text = useSignal("");
  const uploads = useSignal<Upload[]>([]);
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);

  const running = useRef(0);

  const patch = (file: File, change: Partial<Upload>) =>
    (uploads.value = uploads.value.map((upload) => (upload.file === file ? { ...upload, ...change } : upload)));

  const refused = (file: File): string | undefined => {
    if (file.size <= (!customer && file.name.toLowerCase().endsWith(".zip") ? MAX_ARCHIVE : MAX_FILE)) return undefined;
    return t(customer ? "file_too_large" : "file_too_large_zip");
  };

  const add = (files: Iterable<File>) => {
    for (const file of files) {
      const full = uploads.value.filter((upload) => !upload.problem).length >= MAX_FILES;
      const problem = full ? t("too_many_files", { most: MAX_FILES }) : refused(file);
      uploads.value = [...uploads.value, { file, share: 0, stop: new AbortController(), ...(problem && { problem }) }];
      if (full) break; // one row says it for all that follow
    }
    begin();
    area.current?.focus();
  };

  const begin = () => {
    for (const upload of uploads.value) {
      if (running.current >= AT_ONCE) return;
      if (upload.begun || upload.problem) continue;
      const { file, stop } = upload;
      running.current += 1;
      patch(file, { begun: true });
      conversation.api
        .upload(file, (share) => patch(file, { share }), stop.signal)
        .then(
          (attachment) => patch(file, { attachment, share: 1 }),
          (error) => patch(file, { problem: error instanceof Refused ? error.message : t("upload_failed", { name: file.name }) }),
        )
        .finally(() => {
          running.current -= 1;
          begin();
        });
    }
  };
  handle.current = { add };

  const remove = (upload: Upload) => {
    upload.stop.abort();
    uploads.value = uploads.value.filter((other) => other !== upload);
  };

  const ready = uploads.value.flatMap((upload) => upload.attachment ?? []);
  const busy = uploads.value.some((upload) => !upload.attachment && !upload.problem);
  const empty = !text.value.trim() && ready.length === 0;

  const send = () => {
    if (busy || empty) return;
    conversation.send(text.value.trim(), ready);
    text.value = "";
    uploads.value = [];
    area.current?.focus();
  };

  useEffect(() => {
    const element = area.current!;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, 220)}px`;
  }, [text.value]);

  const onKeyDown = (event: KeyboardEvent) => {
    const touch = matchMedia("(pointer: coarse)").matches;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || touch) return;
    event.preventDefault();
    send();
  };

  const onPaste = (event: ClipboardEvent) => {
    const files = event.clipboardData?.files;
    if (!files?.length) return;
    event.preventDefault();
    add(files);
  };

  return (
    <form class="composer" onSubmit={(event) => (event.preventDefault(), send())}>
      {uploads.value.length > 0 && (
        <ul class="uploads">
          {uploads.value.map((upload) => <UploadRow key={upload.file.name + upload.file.lastModified} upload={upload} remove={() => remove(upload)} />)}
        </ul>
      )}
      <div class="row">
        <button type="button" class="round quiet" aria-label={t("attach")} title={t("attach")} onClick={() => picker.current?.click()}>
          <Icon name="clip" />
        </button>
        <input ref={picker} type="file" multiple hidden onChange={(event) => {
          add([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }} />
        <textarea
          ref={area}
          rows={1}
          value={text.value}
          aria-label={t(customer ? "placeholder_customer" : "placeholder")}
          placeholder={t(customer ? "placeholder_customer" : "placeholder")}
          onInput={(event) => (text.value = event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <button type="submit" class="round" aria-label={t("send")} title={t("send")} disabled={busy || empty}>
          <Icon name="send" />
        </button>
      </div>
      {text.value.length > SHOW_COUNT_FROM && (
        <p class={`count ${text.value.length > MAX_TEXT ? "problem" : ""}`}>{t("too_long", { count: text.value.length, max: MAX_TEXT })}</p>
      )}
    </form>
  );
}

function UploadRow({ upload: { file, share, attachment, problem }, remove }: { upload: Upload; remove: () => void }) {
  const percent = Math.round(share * 100);
  return (
    <li class={problem ? "upload problem" : "upload"}>
      <Icon name={problem ? "warn" : attachment ? "check" : "file"} />
      <span class="name" dir="auto">{file.name}</span>
      <span class="size">{fileSize(file.size)}</span>
      {!attachment && !problem && <progress value={percent} max={100} aria-label={t("uploading", { name: file.name, percent })} />}
      {problem && <span role="alert">{problem}</span>}
      <button type="button" class="small" aria-label={t("remove", { name: file.name })} onClick={remove}><Icon name="close" /></button>
    </li>
  );
}
