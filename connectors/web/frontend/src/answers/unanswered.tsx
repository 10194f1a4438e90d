// What customers asked in vain, by what it is about, and what the shop's people answered by hand: made answers here.
import type { Api } from "../api";
import { Picture } from "../replies";
import { a, count, locale } from "../text";
import { begin } from "./answers";
import type { Cluster, Proposal, Waiting } from "./model";
import { Loading, Outcome, useAction, useLoaded } from "./parts";

const SHOWN = 4;

export function UnansweredSection({ api }: { api: Api }) {
  const { value, problem, again } = useLoaded(() => api.get<Waiting>("/knowledge/unanswered"), []);
  const { busy, result, run } = useAction();
  const waiting = value.value;
  if (!waiting) return <Loading problem={problem.value} retry={again} />;
  const close = (questions: string[], proposal?: string) => run(async () => {
    const { closed } = await api.post<{ closed: number }>("/knowledge/unanswered/close", { questions, proposal });
    await again();
    return closed ? a("closed", { count: count(closed) }) : "";
  });
  return (
    <div class="single">
      <p class="quiet">{a("unanswered_about")}</p>
      <Outcome result={result} />
      {waiting.clusters.length === 0 && <p class="card">{a("none_unanswered")}</p>}
      <ul class="stack">
        {waiting.clusters.map((cluster) => <ClusterCard key={cluster.ids[0]} api={api} cluster={cluster} busy={busy.value} onClose={() => close(cluster.ids)} />)}
      </ul>
      {waiting.proposals.length > 0 && (
        <>
          <h2>{a("proposals")}</h2>
          <p class="quiet">{a("proposals_about")}</p>
          <ul class="stack">
            {waiting.proposals.map((proposal) => <ProposalCard key={proposal.id} proposal={proposal} busy={busy.value} onClose={() => close([], proposal.id)} />)}
          </ul>
        </>
      )}
    </div>
  );
}

type Closable = { busy: boolean; onClose: () => void };

function ClusterCard({ api, cluster, busy, onClose }: Closable & { api: Api; cluster: Cluster }) {
  const { language, texts, ids, photos } = cluster;
  const answer = () => begin({ answer: {}, questions: { [language]: texts }, closes: ids, proposal: "" });
  return (
    <li class="card">
      <div class="row">
        <strong lang={language}>{texts[0]}</strong>
        <span class="tag state">{ids.length === 1 ? a("once") : a("times", { count: count(ids.length) })}</span>
      </div>
      <ul class="plain" lang={language}>{texts.slice(1, SHOWN).map((text) => <li key={text}>{text}</li>)}</ul>
      {texts.length > SHOWN && (
        <details class="values">
          <summary>{a("more_questions", { count: texts.length - SHOWN })}</summary>
          <ul class="plain" lang={language}>{texts.slice(SHOWN).map((text) => <li key={text}>{text}</li>)}</ul>
        </details>
      )}
      <div class="photos">
        {photos.map(({ sha256, name }) => <Picture key={sha256} api={api} sha256={sha256} alt={name} title="" />)}
      </div>
      <div class="actions">
        <button type="button" class="button" onClick={answer} aria-label={`${a("answer_this")}: ${texts[0]}`}>{a("answer_this")}</button>
        <button type="button" class="button quiet" disabled={busy} onClick={onClose} aria-label={`${a("not_for_us")}: ${texts[0]}`}>{a("not_for_us")}</button>
      </div>
    </li>
  );
}

function ProposalCard({ proposal, busy, onClose }: Closable & { proposal: Proposal }) {
  const { language, question, answer, person, made_at, id } = proposal;
  const make = () => begin({ answer: { [language]: answer }, questions: { [language]: [question] }, closes: [], proposal: id });
  return (
    <li class="card">
      <strong lang={language}>{question}</strong>
      <blockquote lang={language}>{answer}</blockquote>
      <p class="quiet">{person && `${a("by", { name: person })} · `}<time dateTime={made_at}>{new Intl.DateTimeFormat(locale(), { dateStyle: "medium" }).format(new Date(made_at))}</time></p>
      <div class="actions">
        <button type="button" class="button" onClick={make}>{a("make_answer")}</button>
        <button type="button" class="button quiet" disabled={busy} onClick={onClose}>{a("dismiss")}</button>
      </div>
    </li>
  );
}
