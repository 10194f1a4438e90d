// One component for each kind of reply. Texts are shown as plain text, whatever is in them.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Api, FileRef, Reply } from "./api";
import { Icon } from "./icons";
import { count, fileSize, t } from "./text";

type Of<Kind extends Reply["kind"]> = Extract<Reply, { kind: Kind }>;
export type Answered = { answered: boolean; chosen: string | undefined; press: (title: string, token: string) => void };
type Props<Kind extends Reply["kind"]> = { reply: Of<Kind>; api: Api; buttons: Answered };

export function PlainText({ children }: { children: string }) {
  return <p class="text" dir="auto">{children}</p>;
}

function Buttons({ reply, buttons }: Props<"buttons">) {
  const { answered, chosen, press } = buttons;
  const [pressed, setPressed] = useState(false);
  return (
    <>
      {reply.text && <PlainText>{reply.text}</PlainText>}
      <div class="choices" role="group" aria-label={reply.text}>
        {reply.buttons.map(({ title, token }) => (
          <button
            key={token}
            type="button"
            class={`choice ${answered && chosen === title ? "chosen" : ""}`}
            disabled={answered || pressed}
            onClick={() => {
              setPressed(true);
              press(title, token);
            }}
          >
            {answered && chosen === title && <Icon name="check" />}
            {title}
            {answered && chosen === title && <span class="hidden"> ({t("chosen")})</span>}
          </button>
        ))}
      </div>
    </>
  );
}

function Table({ reply }: Props<"table">) {
  const doubtful = new Set(reply.marks.map(([row, column]) => `${row}:${column}`));
  const numeric = reply.columns.map((_, c) => isNumeric(reply.rows.map((row) => row[c] ?? "")));
  const lines = [reply.columns, ...reply.rows].map((row) => row.join("\t")).join("\n");
  return (
    <figure class="table">
      <figcaption>
        <span dir="auto">{reply.title}</span>
        <Copy text={lines} />
      </figcaption>
      <div class="scroll" tabIndex={0} role="region" aria-label={reply.title}>
        <table>
          <thead>
            <tr>
              {reply.columns.map((name, c) => <th scope="col" key={c} class={numeric[c] ? "number" : ""} dir="auto">{name}</th>)}
            </tr>
          </thead>
          <tbody>
            {reply.rows.map((row, r) => (
              <tr key={r}>
                {row.map((cell, c) => <Cell key={c} text={cell} numeric={numeric[c]} doubtful={doubtful.has(`${r}:${c}`)} />)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {doubtful.size > 0 && <p class="legend"><Icon name="warn" />{t("doubtful_legend")}</p>}
    </figure>
  );
}

const SHORT = 14; // a code, a date or a name is not broken over two lines
const NUMBER = /^[^\p{L}+]{0,3}\d[\d.,\s]*[^\p{L}\d]{0,3}$/u;

/** A column of amounts or counts stands to the right; phone numbers are none. */
function isNumeric(cells: string[]): boolean {
  const filled = cells.filter((cell) => cell);
  return filled.length > 0 && filled.every((cell) => cell.length <= SHORT && NUMBER.test(cell));
}

function Cell({ text, numeric, doubtful }: { text: string; numeric: boolean | undefined; doubtful: boolean }) {
  const look = numeric ? "number" : text.length <= SHORT ? "short" : "";
  if (!doubtful) return <td class={look} dir="auto">{text}</td>;
  return (
    <td class={`doubt ${look}`} dir="auto" title={t("doubtful")}>
      <Icon name="warn" />
      <span class="hidden">{t("doubtful")}: </span>
      {text}
    </td>
  );
}

function Progress({ reply: { text, done, total } }: Props<"progress">) {
  const over = total > 0 && done >= total;
  return (
    <div class="progress">
      <PlainText>{text}</PlainText>
      <progress aria-label={text} {...(total > 0 && { value: done, max: total })} />
      <span class="count">{over ? t("done") : total > 0 ? t("progress", { done: count(done), total: count(total) }) : ""}</span>
    </div>
  );
}

const Image = ({ reply, api }: Props<"image">) => <Picture api={api} sha256={reply.file} alt={reply.alt} title={reply.title} />;

const File = ({ reply, api }: Props<"file">) => <Download api={api} sha256={reply.file} name={reply.name} />;

const Handoff = () => <p class="handoff"><Icon name="person" />{t("handoff")}</p>;

const KINDS: { [Kind in Reply["kind"]]: (props: Props<Kind>) => JSX.Element } = {
  text: ({ reply }) => <PlainText>{reply.text}</PlainText>,
  buttons: Buttons,
  table: Table,
  image: Image,
  file: File,
  progress: Progress,
  handoff: Handoff,
};

export function ReplyView({ reply, ...rest }: { reply: Reply; api: Api; buttons: Answered }) {
  const View = KINDS[reply.kind] as ((props: Props<Reply["kind"]>) => JSX.Element) | undefined;
  return View ? <View reply={reply} {...rest} /> : <PlainText>{t("unknown_reply")}</PlainText>;
}

/** A picture that opens large; what cannot be shown says so. */
export function Picture({ api, sha256, alt, title }: { api: Api; sha256: string; alt: string; title: string }) {
  const [url, setUrl] = useState("");
  const [gone, setGone] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    api.fileUrl(sha256).then(setUrl, () => setGone(true));
  }, [api, sha256]);
  useEffect(() => () => (url.startsWith("blob:") ? URL.revokeObjectURL(url) : undefined), [url]);
  if (gone) return <p class="gone">{t("picture_gone")} {alt}</p>;
  return (
    <figure class="picture">
      {title && <figcaption dir="auto">{title}</figcaption>}
      <button type="button" aria-label={t("enlarge", { name: alt || title })} onClick={() => dialog.current?.showModal()}>
        {url && <img src={url} alt={alt} onError={() => setGone(true)} />}
      </button>
      <dialog ref={dialog} class="lightbox" aria-label={alt} onClick={() => dialog.current?.close()}>
        {url && <img src={url} alt={alt} />}
        <button type="button" class="round" aria-label={t("close")}><Icon name="close" /></button>
      </dialog>
    </figure>
  );
}

/** A file to save; `size` is known for files that people sent. */
export function Download({ api, sha256, name, size }: { api: Api; sha256: string; name: string; size?: number }) {
  const save = async (event: Event) => {
    event.preventDefault();
    const link = document.createElement("a");
    link.href = await api.fileUrl(sha256);
    link.download = name;
    link.click();
  };
  return (
    <button type="button" class="file" aria-label={`${t("download")}: ${name}`} onClick={save}>
      <Icon name="file" />
      <span class="name" dir="auto">{name}</span>
      {size !== undefined && <span class="size">{fileSize(size)}</span>}
      <Icon name="download" />
    </button>
  );
}

const PICTURES = 8;

/** What a person sent: pictures side by side, as small as there are many, and names to open where it is a heap. */
export function Files({ api, files }: { api: Api; files: FileRef[] }) {
  const pictures = files.filter((file) => file.media_type.startsWith("image/"));
  const shown = pictures.slice(0, PICTURES);
  return (
    <>
      {shown.length > 0 && (
        <div class={shown.length > 2 ? "pictures many" : "pictures"}>
          {shown.map((file) => <Picture key={file.sha256} api={api} sha256={file.sha256} alt={file.name} title="" />)}
        </div>
      )}
      <Downloads api={api} files={files.filter((file) => !shown.includes(file))} />
    </>
  );
}

/** Files to save; many of them only when asked for. */
export function Downloads({ api, files }: { api: Api; files: FileRef[] }) {
  const rows = files.map((file) => <Download key={file.sha256} api={api} sha256={file.sha256} name={file.name} size={file.size} />);
  if (rows.length <= PICTURES) return <>{rows}</>;
  return (
    <details class="heap">
      <summary>{t("more_files", { count: count(rows.length) })}</summary>
      {rows}
    </details>
  );
}

export function Copy({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  if (!navigator.clipboard) return null; // a page without TLS
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button type="button" class="small" aria-label={t("copy")} title={t("copy")} onClick={copy}>
      <Icon name={copied ? "check" : "copy"} />
      <span class="hidden" role="status">{copied ? t("copied") : ""}</span>
    </button>
  );
}
