// What was changed, by whom, and the way back.
import type { Api } from "../api";
import { Icon } from "../icons";
import { a, locale, named } from "../text";
import type { Past } from "./model";
import { Loading, Outcome, useAction, useLoaded } from "./parts";

export function HistorySection({ api }: { api: Api }) {
  const { value, problem, again } = useLoaded(async () => (await api.get<{ changes: Past[] }>("/knowledge/history")).changes, []);
  const { busy, result, run } = useAction();
  const changes = value.value;
  if (!changes) return <Loading problem={problem.value} retry={again} />;
  const putBack = (id: string) => run(async () => {
    await api.post(`/knowledge/history/${id}/put-back`);
    await again();
    return a("was_put_back");
  });
  return (
    <div class="single">
      <Outcome result={result} />
      {changes.length === 0 && <p class="quiet">{a("no_history")}</p>}
      <ol class="history">
        {changes.map((change) => (
          <li class="card" key={change.id}>
            <div class="row">
              <span><strong>{named("change", change.name)}</strong> <code>{change.subject}</code></span>
              <button type="button" class="button quiet" disabled={busy.value} aria-label={`${a("put_back")}: ${change.subject}`} onClick={() => putBack(change.id)}><Icon name="undo" />{a("put_back")}</button>
            </div>
            <p class="quiet">
              <time dateTime={change.at}>{new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(change.at))}</time>
              {change.person && ` · ${a("by", { name: change.person })}`}
            </p>
            <details class="values">
              <summary>{a("what_changed")}</summary>
              <div class="two"><Words title={a("before_change")} words={change.before} /><Words title={a("after_change")} words={change.after} /></div>
            </details>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Words({ title, words }: { title: string; words: unknown }) {
  const lines = words === null || words === undefined ? a("nothing_own") : typeof words === "string" ? words : outline(words);
  return <div><h3>{title}</h3><pre>{lines}</pre></div>;
}

/** Nested words as an indented outline, as they stand in the file. */
function outline(words: unknown, indent = ""): string {
  if (Array.isArray(words)) return words.map((item) => `${indent}- ${typeof item === "string" ? item : outline(item, `${indent}  `).trimStart()}`).join("\n");
  if (words === null || typeof words !== "object") return `${indent}${String(words)}`;
  return Object.entries(words)
    .map(([name, part]) => (typeof part === "string" ? `${indent}${name}: ${part}` : `${indent}${name}:\n${outline(part, `${indent}  `)}`))
    .join("\n");
}
