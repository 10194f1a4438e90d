// The chat that console and widget share: the log, what is being sent, and the composer.
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Entry } from "./api";
import { Composer, type ComposerHandle } from "./composer";
import type { Conversation, Outgoing } from "./conversation";
import { Icon } from "./icons";
import { Copy, Downloads, Files, PlainText, ReplyView } from "./replies";
import { clock, dayName, suggestions, t } from "./text";

const NEAR_END_PX = 80;

export function Chat({ conversation, customer }: { conversation: Conversation; customer: boolean }) {
  const composer = useRef<ComposerHandle>(null);
  const dragging = useSignal(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    dragging.value = false;
    composer.current?.add([...(event.dataTransfer?.files ?? [])]);
  };
  const over = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    dragging.value = true;
  };
  return (
    <section class="chat" aria-label={t("conversation")} onDragOver={over} onDragLeave={() => (dragging.value = false)} onDrop={drop}>
      <Log conversation={conversation} customer={customer} />
      <Notice conversation={conversation} />
      <Composer conversation={conversation} customer={customer} handle={composer} />
      {dragging.value && <div class="drop"><Icon name="clip" />{t("drop_here")}</div>}
    </section>
  );
}

function Log({ conversation, customer }: { conversation: Conversation; customer: boolean }) {
  const { entries, outgoing, typing, loaded, unread } = conversation;
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const atEnd = useSignal(true);
  const toEnd = () => box.current?.scrollTo({ top: box.current.scrollHeight });
  const look = () => {
    if (!box.current) return; // closed before the browser came round to it
    const { scrollHeight, scrollTop, clientHeight } = box.current;
    atEnd.value = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    if (atEnd.value && clientHeight && !document.hidden) conversation.markSeen();
  };
  const settle = () => {
    if (atEnd.peek()) toEnd();
    look();
  };

  useEffect(() => {
    const watcher = new ResizeObserver(settle);
    watcher.observe(box.current!);
    watcher.observe(content.current!);
    document.addEventListener("visibilitychange", look);
    return () => {
      watcher.disconnect();
      document.removeEventListener("visibilitychange", look);
    };
  }, [conversation]);
  useEffect(toEnd, [outgoing.value.length]);
  useLayoutEffect(settle, [entries.value]);

  const empty = loaded.value && entries.value.length === 0 && outgoing.value.length === 0;
  return (
    <div class="log" ref={box} onScroll={look} tabIndex={0} role="log" aria-live="polite" aria-label={t("conversation")}>
      <div class="content" ref={content}>
        {empty && <Welcome conversation={conversation} customer={customer} />}
        <Entries conversation={conversation} />
        {outgoing.value.map((message) => <OutgoingRow key={message.id} message={message} conversation={conversation} />)}
        {typing.value && (
          <div class="entry bot typing" role="status">
            <div class="bubble"><span class="dots" aria-hidden="true"><i /><i /><i /></span><span class="hidden">{t("typing")}</span></div>
          </div>
        )}
      </div>
      {!atEnd.value && (
        <button type="button" class="latest" onClick={toEnd}>
          <Icon name="down" />
          {unread.value > 0 ? t("new_messages") : <span class="hidden">{t("to_latest")}</span>}
        </button>
      )}
    </div>
  );
}

function Entries({ conversation }: { conversation: Conversation }) {
  const all = conversation.entries.value;
  let day = "";
  return (
    <>
      {all.map((entry, index) => {
        const name = dayName(new Date(entry.at));
        const newDay = name !== day;
        day = name;
        const first = newDay || all[index - 1]?.author !== entry.author;
        const last = all[index + 1]?.author !== entry.author;
        const answer = entry.reply?.kind === "buttons" ? all.slice(index + 1).find((later) => later.author === "person") : undefined;
        return [
          newDay && <h3 class="day" key={`day-${entry.id}`}><span>{name}</span></h3>,
          <EntryRow key={entry.id} entry={entry} first={first} last={last} conversation={conversation} answer={answer} />,
        ];
      })}
    </>
  );
}

function EntryRow({ entry, first, last, conversation, answer }: {
  entry: Entry;
  first: boolean;
  last: boolean;
  conversation: Conversation;
  answer: Entry | undefined;
}) {
  const mine = entry.author === "person";
  const { reply, files, text } = entry;
  const wide = reply?.kind === "table" || reply?.kind === "image";
  const buttons = {
    answered: answer !== undefined,
    chosen: answer?.text,
    press: (title: string, token: string) => conversation.send(title, [], token),
  };
  const copyable = text || (reply && "text" in reply ? reply.text : "");
  return (
    <article class={`entry ${entry.author} ${first ? "first" : ""} ${wide ? "wide" : ""}`} aria-label={t(mine ? "you" : "assistant")}>
      <div class="line">
        <div class="bubble">
          {text && <PlainText>{text}</PlainText>}
          {files.length > 0 && <Files api={conversation.api} files={files} />}
          {reply && <ReplyView reply={reply} api={conversation.api} buttons={buttons} />}
        </div>
        {copyable && <Copy text={copyable} />}
      </div>
      {last && <footer><time dateTime={entry.at}>{clock(entry.at)}</time></footer>}
    </article>
  );
}

function OutgoingRow({ message, conversation }: { message: Outgoing; conversation: Conversation }) {
  const { state, text, attachments } = message;
  return (
    <article class={`entry person first outgoing ${state}`} aria-label={t("you")}>
      <div class="bubble">
        {text && <PlainText>{text}</PlainText>}
        <Downloads api={conversation.api} files={attachments} />
      </div>
      <footer>
        {state === "sending" && <span>{t("sending")}</span>}
        {state === "waiting" && <span>{t(conversation.link.value === "offline" ? "waiting_online" : "not_sent")}</span>}
        {state === "failed" && <span class="problem" role="alert">{message.problem ?? t("not_sent")}</span>}
        {state !== "sending" && <button type="button" class="link" onClick={() => conversation.retry(message)}>{t("retry")}</button>}
        {state !== "sending" && <button type="button" class="link" onClick={() => conversation.discard(message)}>{t("discard")}</button>}
      </footer>
    </article>
  );
}

function Welcome({ conversation, customer }: { conversation: Conversation; customer: boolean }) {
  return (
    <div class="welcome">
      <h2>{t(customer ? "welcome_customer" : "welcome")}</h2>
      <p>{t(customer ? "welcome_customer_about" : "welcome_about")}</p>
      <Suggestions conversation={conversation} customer={customer} />
    </div>
  );
}

export function Suggestions({ conversation, customer, onPick }: { conversation: Conversation; customer: boolean; onPick?: () => void }) {
  return (
    <div class="suggestions" role="group" aria-label={t("try_these")}>
      {suggestions(customer).map((text) => (
        <button key={text} type="button" class="suggestion" onClick={() => (conversation.send(text), onPick?.())}>
          <span>{text}</span>
        </button>
      ))}
    </div>
  );
}

function Notice({ conversation }: { conversation: Conversation }) {
  const link = conversation.link.value;
  if (link === "live") return null;
  if (link === "connecting" && !conversation.loaded.value) return null;
  return (
    <p class={`notice ${link}`} role="status">
      {t(link === "offline" ? "offline" : link === "signed_out" ? "signed_out" : "reconnecting")}
      {link === "signed_out" && <a href="/sign-in">{t("sign_in_again")}</a>}
    </p>
  );
}
