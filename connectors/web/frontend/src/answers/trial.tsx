// A question tried out: what a customer would be told, from where, and how sure.
import { useSignal } from "@preact/signals";
import type { Api } from "../api";
import { a, named, type AnswersKey } from "../text";
import type { Trial, Written } from "./model";
import { Outcome, useAction } from "./parts";

export function TrySection({ api }: { api: Api }) {
  const question = useSignal("");
  const trial = useSignal<Trial | null>(null);
  const { busy, result, run } = useAction();
  const ask = () => run(async () => void (trial.value = await api.post<Trial>("/knowledge/try", { text: question.value })));
  return (
    <div class="single">
      <p class="quiet">{a("try_about")}</p>
      <form class="row ask" onSubmit={(event) => (event.preventDefault(), void ask())}>
        <input aria-label={a("try_question")} placeholder={a("try_question")} required maxLength={2000} value={question.value} onInput={(event) => (question.value = event.currentTarget.value)} />
        <button class="button" disabled={busy.value}>{a(busy.value ? "asking" : "ask")}</button>
      </form>
      <Outcome result={result} />
      <div aria-live="polite">{trial.value && <Told trial={trial.value} />}</div>
    </div>
  );
}

const percent = (share: number) => Math.round(share * 100);

function Told({ trial }: { trial: Trial }) {
  return (
    <article class="card told-card">
      <p class={`decision ${trial.decision}`}>
        <strong>{named("decision", trial.decision)}</strong>
        {trial.reason && ` ${named("reason", trial.reason)}`}
      </p>
      {trial.text && <blockquote lang={trial.language}>{trial.text}</blockquote>}
      {trial.choices.length > 0 && <><h3>{a("choices")}</h3><ul class="plain">{trial.choices.map((choice) => <li key={choice}>{choice}</li>)}</ul></>}
      <h3>{a("sureness")}</h3>
      <meter min={0} max={1} low={trial.ask} high={trial.send} optimum={1} value={trial.confidence} aria-label={a("sureness")} />
      <p class="quiet">{a("confidence", { share: percent(trial.confidence), send: percent(trial.send), ask: percent(trial.ask) })}</p>
      {trial.source && <><h3>{a("source")}</h3><ul class="plain">{trial.source.split("+").map((source) => <li key={source}><Source id={source} /></li>)}</ul></>}
      {trial.facts.length > 0 && (
        <Table title="facts_used" rows={trial.facts.map((fact) => [fact.name, fact.value, fact.source])} />
      )}
      <details class="values">
        <summary>{a("parts")}</summary>
        <p class="quiet">{a("meant_as")}: {trial.intent || "–"}</p>
        <Table title="parts" rows={Object.entries(trial.parts).map(([name, value]) => [name, value.toFixed(3)])} />
        <h3>{a("guesses")}</h3>
        <ul class="plain">{trial.guesses.map(([id, share]) => <li key={id}><Source id={id} /> <span class="quiet">{percent(share)} %</span></li>)}</ul>
      </details>
      {trial.written && <Attention written={trial.written} />}
    </article>
  );
}

function Source({ id }: { id: string }) {
  const [kind, name = ""] = id.split(/:(.*)/);
  if (kind === "answer") return <a href={`#answers/${name}`}>{name}</a>;
  return kind === "policy" ? <a href="#facts">{name}</a> : <>{id}</>;
}

function Table({ title, rows }: { title: AnswersKey; rows: string[][] }) {
  if (rows.length === 0) return null;
  return (
    <div class="scroll">
      <table>
        <caption>{a(title)}</caption>
        <tbody>{rows.map((cells) => <tr key={cells[0]}>{cells.map((cell, place) => (place ? <td key={place}>{cell}</td> : <th key={place} scope="row">{cell}</th>))}</tr>)}</tbody>
      </table>
    </div>
  );
}

/** A row for each piece that was written, a column for each that was read. */
function Attention({ written }: { written: Written }) {
  return (
    <details class="values">
      <summary>{a("network_wrote")}</summary>
      <blockquote>{written.text}</blockquote>
      <div class="scroll">
        <table class="attention">
          <caption>{a("attention")}</caption>
          <thead><tr><td />{written.source.map((piece, place) => <th key={place} scope="col">{piece}</th>)}</tr></thead>
          <tbody>
            {written.attention.map((row, place) => (
              <tr key={place}>
                <th scope="row">{written.target[place]}</th>
                {row.map((weight, column) => <td key={column} title={`${percent(weight)} %`} style={{ "--weight": weight }}><span class="hidden">{percent(weight)}</span></td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
