// The merchant console: who and which shop, what to try, and the chat.
import { effect } from "@preact/signals";
import { render } from "preact";
import { Api, Refused, type Me } from "./api";
import { Chat, Suggestions } from "./chat";
import { Conversation } from "./conversation";
import { Icon } from "./icons";
import "./style/console.css";
import { LanguageSwitch } from "./language";
import { a, language, locale, t } from "./text";

const api = new Api("/api/v1");

function Console({ me, conversation }: { me: Me; conversation: Conversation }) {
  const shop = me.shop.name[language.value];
  return (
    <>
      <header class="bar">
        <a class="brand" href="/"><img src="/static/icon.svg" alt="" width="28" height="28" /><span class="word">Shopclerk</span></a>
        <span class="shop">
          <strong>{shop}</strong>
          {me.shop.synthetic && <span class="tag">{t("synthetic")}</span>}
        </span>
        <button type="button" class="round quiet only-narrow" popovertarget="tips" aria-label={t("suggestions")}><Icon name="bulb" /></button>
        <a class="switch" href="/console/answers" aria-label={a("title")}><Icon name="book" /><span class="word">{a("title")}</span></a>
        <LanguageSwitch api={api} />
        <form method="post" action="/sign-out" onSubmit={() => conversation.forget()}>
          <input type="hidden" name="csrf" value={me.csrf} />
          <button class="round quiet" aria-label={t("sign_out")} title={`${t("sign_out")} (${me.name})`}><Icon name="out" /></button>
        </form>
      </header>
      <div class="columns">
        <aside id="tips" popover="auto">
          <h2><Icon name="bulb" />{t("try_these")}</h2>
          <Suggestions conversation={conversation} customer={false} onPick={closeTips} />
        </aside>
        <main><Chat conversation={conversation} customer={false} /></main>
      </div>
    </>
  );
}

const closeTips = () => document.getElementById("tips")?.matches(":popover-open") && document.getElementById("tips")?.hidePopover();

async function start(): Promise<void> {
  const root = document.getElementById("console")!;
  const me = await api.me();
  api.proof = { "X-CSRF-Token": me.csrf };
  language.value = me.language;
  const conversation = new Conversation(api, `shopclerk:console:${me.id}`);
  effect(() => {
    document.documentElement.lang = locale();
    const unread = conversation.unread.value;
    document.title = `${unread ? `(${unread}) ` : ""}${t("console")} · Shopclerk`;
  });
  root.replaceChildren();
  render(<Console me={me} conversation={conversation} />, root);
  conversation.start();
}

start().catch((error: unknown) => {
  if (error instanceof Refused && error.signedOut) location.assign("/sign-in");
  else setTimeout(() => location.reload(), 3000); // the server is starting
});
