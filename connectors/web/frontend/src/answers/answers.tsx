// Answers: searched and listed on one side, read and edited on the other.
import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Api } from "../api";
import { Icon } from "../icons";
import { a, count, language, type Language } from "../text";
import { Editor } from "./editor";
import type { Brief, Listing, Opened, Shown } from "./model";
import { Filled, inEither, Loading, StateTag, useLoaded } from "./parts";

const TYPING_MS = 250;
const NEW = "+";

/** The answer that is open: its id, `+` for a new one, or nothing. */
const opened = signal("");
/** What a new answer begins with, where it comes from questions or from an agent's answer. */
let beginning: Opened | null = null;

export const open = (id: string) => (opened.value = id);

/** Open a new answer with this in it. */
export function begin(fresh: Omit<Opened, "id" | "topic">): void {
  beginning = { id: "", topic: "", ...fresh };
  location.hash = `answers/${NEW}`;
}

export function AnswersSection({ api }: { api: Api }) {
  const query = useSignal("");
  const topic = useSignal("");
  const { value, problem, again } = useLoaded(
    () => api.get<Listing>(`/knowledge/answers?query=${encodeURIComponent(query.value)}&topic=${topic.value}`),
    [query.value, topic.value],
  );
  const listing = value.value;
  if (!listing) return <Loading problem={problem.value} retry={again} />;
  return (
    <div class={`sides ${opened.value ? "opened" : ""}`}>
      <div class="side list">
        <Search query={query.value} onQuery={(text) => (query.value = text)} />
        <div class="row">
          <select aria-label={a("topic")} value={topic.value} onChange={(event) => (topic.value = event.currentTarget.value)}>
            <option value="">{a("all_topics", { count: listing.total })}</option>
            {Object.entries(listing.topics).map(([name, entries]) => <option key={name} value={name}>{`${name} (${entries})`}</option>)}
          </select>
          <a class="button" href={`#answers/${NEW}`}><Icon name="plus" />{a("add")}</a>
        </div>
        <p class="quiet" role="status">
          {listing.entries.length ? a("found", { count: listing.entries.length, total: listing.total }) : a("nothing_found")}
        </p>
        <ul class="entries">{listing.entries.map((entry) => <Row key={entry.id} entry={entry} listing={listing} />)}</ul>
      </div>
      <div class="side edited">
        {opened.value ? <OpenedAnswer key={opened.value} id={opened.value} api={api} listing={listing} onChanged={again} /> : <p class="quiet hint">{a("choose")}</p>}
      </div>
    </div>
  );
}

function Search({ query, onQuery }: { query: string; onQuery: (text: string) => void }) {
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  const type = (text: string) => {
    clearTimeout(waiting.current);
    waiting.current = setTimeout(() => onQuery(text), TYPING_MS);
  };
  return (
    <div class="search">
      <Icon name="search" />
      <input type="search" aria-label={a("search")} placeholder={a("search")} maxLength={200} defaultValue={query} onInput={(event) => type(event.currentTarget.value)} />
    </div>
  );
}

function Row({ entry, listing }: { entry: Brief; listing: Listing }) {
  const tongue: Language = entry.answer[language.value] === undefined ? (language.value === "en" ? "zh" : "en") : language.value;
  return (
    <li>
      <a class="entry" href={`#answers/${entry.id}`} aria-current={opened.value === entry.id ? "true" : undefined}>
        <strong><Filled text={inEither(entry.question)} values={listing.values} tongue={tongue} /></strong>
        <span class="text"><Filled text={inEither(entry.answer)} values={listing.values} tongue={tongue} /></span>
        <span class="meta">
          {entry.state !== "shipped" && <StateTag state={entry.state} />}
          {entry.silent && <span class="bad" title={a("silent")}><Icon name="warn" /><span class="hidden">{a("silent")}</span></span>}
          <span>{entry.topic}</span>
          <span>{a("forms", { count: count(entry.forms) })}</span>
        </span>
      </a>
    </li>
  );
}

function OpenedAnswer({ id, api, listing, onChanged }: { id: string; api: Api; listing: Listing; onChanged: () => Promise<void> }) {
  const top = useRef<HTMLDivElement>(null);
  const { value, problem, again } = useLoaded(() => (id === NEW ? Promise.resolve(fresh(listing)) : api.get<Shown>(`/knowledge/answers/${id}`)), [id]);
  const shown = value.value;
  useEffect(() => top.current?.focus(), [shown !== null]);
  return (
    <div ref={top} tabIndex={-1} class="top">
      <a class="button quiet only-narrow" href="#answers"><Icon name="back" />{a("back_to_list")}</a>
      {shown ? (
        <Editor
          key={id}
          api={api}
          shown={shown}
          closes={id === NEW ? (beginning?.closes ?? []) : []}
          proposal={id === NEW ? (beginning?.proposal ?? "") : ""}
          listing={listing}
          onSaved={async (saved) => {
            beginning = null;
            value.value = saved;
            // Whoever has gone elsewhere while it was saved stays there.
            if (saved?.id !== id && location.hash === `#answers/${id}`) location.hash = saved ? `answers/${saved.id}` : "answers";
            await onChanged();
          }}
        />
      ) : <Loading problem={problem.value} retry={again} />}
    </div>
  );
}

function fresh(listing: Listing): Shown {
  const topics = Object.keys(listing.topics);
  const topic = topics.includes("store") ? "store" : (topics[0] ?? "answers");
  const { answer = {}, questions = {} } = beginning ?? {};
  return { id: "", topic, intents: [], answer, questions, state: "own", silent: false, warnings: [] };
}
