// The widget of a shop's page: one script, in a shadow tree of its own, so that neither page nor widget styles the other.
import { computed, effect, signal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Api, Refused } from "./api";
import { Chat } from "./chat";
import { Conversation } from "./conversation";
import { Icon } from "./icons";
import { kept, keptKeys } from "./kept";
import style from "./style/widget.css?inline";
import { language, preferred, t } from "./text";

const script = document.currentScript as HTMLScriptElement;
const { shop = "", identity, language: tag } = script.dataset;
const origin = new URL(script.src).origin;

const open = signal(false);
const conversation = signal<Conversation | null>(null);
const unread = computed(() => conversation.value?.unread.value ?? 0);
const failed = signal(false);

// What this browser keeps belongs to one person: a signed identity has its own, and leaves nothing to the next visitor.
const store = `shopclerk:${shop}:${identity ? "known" : "guest"}`;
const tokenKey = `${store}:token`;
const languageKey = `shopclerk:${shop}:language`;

language.value = preferred(kept.getItem(languageKey) ?? tag ?? document.documentElement.lang);

async function connect(): Promise<void> {
  if (conversation.value) return;
  const api = new Api(`${origin}/api/v1`, {}, false);
  const known = identity ? null : kept.getItem(tokenKey);
  const token = known ?? (await api.visit(shop, identity)).token;
  if (!identity) kept.setItem(tokenKey, token);
  api.proof = { Authorization: `Bearer ${token}` };
  conversation.value = new Conversation(api, store);
  conversation.value.start();
}

/** Connect, and once more with a fresh token where the kept one is no longer good. */
async function begin(): Promise<void> {
  failed.value = false;
  try {
    await connect();
  } catch (error) {
    failed.value = true;
    if (!(error instanceof Refused)) setTimeout(() => void begin(), 3000);
  }
}

effect(() => {
  if (conversation.value?.link.value !== "signed_out") return;
  conversation.value.forget();
  conversation.value = null;
  if (!identity) void begin();
});

function Widget() {
  const launcher = useRef<HTMLButtonElement>(null);
  const close = () => {
    open.value = false;
    launcher.current?.focus();
  };
  const toggle = () => {
    if (open.value) return close();
    open.value = true;
    void begin();
  };
  const count = open.value ? 0 : unread.value;
  return (
    <>
      {open.value && <Panel onClose={close} />}
      <button
        ref={launcher}
        type="button"
        class={`launcher ${open.value ? "opened" : ""}`}
        aria-expanded={open.value}
        aria-label={open.value ? t("close_chat") : count ? t("open_chat_unread", { count }) : t("open_chat")}
        onClick={toggle}
      >
        <Icon name={open.value ? "close" : "chat"} />
        {count > 0 && <span class="badge">{count}</span>}
      </button>
    </>
  );
}

function Panel({ onClose }: { onClose: () => void }) {
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => panel.current?.querySelector("textarea")?.focus(), [conversation.value]);
  const other = language.value === "en" ? "zh" : "en";
  const choose = () => {
    language.value = other;
    kept.setItem(languageKey, other);
    void conversation.value?.api.chooseLanguage(other).catch(() => undefined);
  };
  return (
    <div ref={panel} class="panel" role="dialog" aria-label={t("assistant")} onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <header class="bar">
        <strong>{t("assistant")}</strong>
        <button type="button" class="switch" lang={other === "zh" ? "zh-CN" : "en"} onClick={choose}>{other === "zh" ? "中文" : "English"}</button>
        <button type="button" class="round quiet" aria-label={t("close_chat")} onClick={onClose}><Icon name="close" /></button>
      </header>
      {conversation.value ? (
        <Chat key={conversation.value.store} conversation={conversation.value} customer />
      ) : (
        <p class="notice" role="status">{failed.value ? t("unreachable") : t("reconnecting")}</p>
      )}
    </div>
  );
}

/** The page no longer vouches for anybody: what was kept for the last one goes. */
function forgetKnown(): void {
  for (const key of keptKeys()) if (key.startsWith(`shopclerk:${shop}:known:`)) kept.removeItem(key);
}

function mount(): void {
  const host = document.createElement("shopclerk-widget");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [sheet];
  document.body.append(host);
  if (!identity) forgetKnown();
  effect(() => {
    host.lang = language.value === "zh" ? "zh-CN" : "en";
  });
  render(<Widget />, root);
  if (identity || kept.getItem(tokenKey)) void begin(); // somebody who chatted before hears of answers
}

if (document.body) mount();
else addEventListener("DOMContentLoaded", mount);
