// Facts and policies: a value once, told in both languages; and each topic's text as a whole.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Api } from "../api";
import { Icon } from "../icons";
import { a } from "../text";
import { LANGUAGES, type Both, type Fact, type FactValue, type Policy, type Values } from "./model";
import { Field, Filled, inEither, Loading, Outcome, StateTag, told, useAction, useLoaded } from "./parts";

const TYPING_MS = 250;

export function FactsSection({ api }: { api: Api }) {
  const { value, problem, again } = useLoaded(async () => (await api.get<{ policies: Policy[] }>("/knowledge/policies")).policies, []);
  const policies = value.value;
  if (!policies) return <Loading problem={problem.value} retry={again} />;
  const values: Values = Object.fromEntries(policies.flatMap((policy) => policy.facts.map((fact) => [fact.name, fact.told])));
  const changed = (fresh: Policy) => (value.value = policies.map((policy) => (policy.topic === fresh.topic ? fresh : policy)));
  return (
    <div class="single">
      <p class="quiet">{a("facts_about")}</p>
      {policies.map((policy) => <PolicyCard key={policy.topic} api={api} policy={policy} values={values} onChanged={changed} />)}
    </div>
  );
}

type Changed = { api: Api; policy: Policy; onChanged: (fresh: Policy) => void };

function PolicyCard({ api, policy, values, onChanged }: Changed & { values: Values }) {
  return (
    <details class="card" name="policy">
      <summary>
        <h2>{inEither(policy.title) || policy.topic}</h2>
        {(policy.state !== "shipped" || policy.facts.some((fact) => fact.state !== "shipped")) && <StateTag state="changed" />}
      </summary>
      <ul class="facts">{policy.facts.map((fact) => <FactRow key={`${fact.name} ${JSON.stringify(fact.value)}`} api={api} policy={policy} fact={fact} onChanged={onChanged} />)}</ul>
      <NewFact api={api} policy={policy} onChanged={onChanged} />
      <PolicyText key={JSON.stringify(policy.text)} api={api} policy={policy} values={values} onChanged={onChanged} />
    </details>
  );
}

function FactRow({ api, policy, fact, onChanged }: Changed & { fact: Fact }) {
  const text = useSignal(asText(fact.value));
  const preview = useSignal<Both>(fact.told);
  const problem = useSignal("");
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  const { busy, result, run } = useAction();
  const touched = text.value.en !== asText(fact.value).en || text.value.zh !== asText(fact.value).zh;
  const look = async () => {
    try {
      preview.value = await api.post<Both>("/knowledge/value", { value: asValue(text.value, fact.value) });
      problem.value = "";
    } catch (error) {
      problem.value = told(error);
    }
  };
  const type = (fresh: Partial<Record<"en" | "zh", string>>) => {
    text.value = { ...text.value, ...fresh };
    clearTimeout(waiting.current);
    waiting.current = setTimeout(look, TYPING_MS);
  };
  const save = () => run(async () => {
    onChanged(await api.post<Policy>(`/knowledge/facts/${fact.name}`, { topic: policy.topic, value: asValue(text.value, fact.value) }));
  });
  const restore = () => run(async () => onChanged(await api.post<Policy>(`/knowledge/facts/${fact.name}/restore`)));
  return (
    <li class="fact">
      <form onSubmit={(event) => (event.preventDefault(), void save())}>
        <span class="name"><strong>{fact.name}</strong> <span class="quiet">{a("used", { count: fact.used })}</span>{fact.state !== "shipped" && <StateTag state={fact.state} />}</span>
        <FactInputs fact={fact} text={text.value} onType={type} />
        <span class="told" aria-live="polite">
          {problem.value ? <span class="bad">{problem.value}</span> : <><span class="chip" lang="en">{preview.value.en}</span><span class="chip" lang="zh">{preview.value.zh}</span></>}
        </span>
        <span class="do">
          {touched && <button class="button" disabled={busy.value}>{a("save")}</button>}
          {fact.state !== "shipped" && <button type="button" class="button quiet" disabled={busy.value} onClick={restore}>{a("restore")}</button>}
        </span>
      </form>
      <Outcome result={result} />
    </li>
  );
}

type Texts = { en: string; zh: string };

function FactInputs({ fact, text, onType }: { fact: Fact; text: Texts; onType: (fresh: Partial<Texts>) => void }) {
  if (Array.isArray(fact.value)) {
    return <textarea rows={3} aria-label={a("fact_list", { name: fact.name })} title={a("fact_list", { name: fact.name })} value={text.en} onInput={(event) => onType({ en: event.currentTarget.value })} />;
  }
  if (typeof fact.value === "string") {
    return <input aria-label={fact.name} value={text.en} maxLength={500} onInput={(event) => onType({ en: event.currentTarget.value })} />;
  }
  return (
    <span class="both">
      <input lang="en" aria-label={a("fact_en", { name: fact.name })} value={text.en} maxLength={500} onInput={(event) => onType({ en: event.currentTarget.value })} />
      <input lang="zh" aria-label={a("fact_zh", { name: fact.name })} value={text.zh} maxLength={500} onInput={(event) => onType({ zh: event.currentTarget.value })} />
    </span>
  );
}

function NewFact({ api, policy, onChanged }: Changed) {
  const name = useSignal("");
  const value = useSignal("");
  const { busy, result, run } = useAction();
  const add = () => run(async () => {
    onChanged(await api.post<Policy>(`/knowledge/facts/${name.value}`, { topic: policy.topic, value: value.value }));
    name.value = value.value = "";
  });
  return (
    <details class="values">
      <summary>{a("new_fact")}</summary>
      <form class="row" onSubmit={(event) => (event.preventDefault(), void add())}>
        <Field label={a("fact_name")}><input required pattern="[a-z][a-z0-9_]*" maxLength={64} value={name.value} onInput={(event) => (name.value = event.currentTarget.value)} /></Field>
        <Field label={a("own_value")}><input required maxLength={500} value={value.value} onInput={(event) => (value.value = event.currentTarget.value)} /></Field>
        <button class="button" disabled={busy.value}>{a("save")}</button>
      </form>
      <Outcome result={result} />
    </details>
  );
}

function PolicyText({ api, policy, values, onChanged }: Changed & { values: Values }) {
  const title = useSignal<Both>(policy.title);
  const text = useSignal<Both>(policy.text);
  const { busy, result, run } = useAction();
  const save = () => run(async () => (onChanged(await api.post<Policy>(`/knowledge/policies/${policy.topic}`, { title: title.value, text: text.value })), a("saved")));
  const restore = () => run(async () => onChanged(await api.post<Policy>(`/knowledge/policies/${policy.topic}/restore`)));
  return (
    <details class="values">
      <summary>{a("policy_text")} {policy.state !== "shipped" && <StateTag state={policy.state} />}</summary>
      <form class="editor" onSubmit={(event) => (event.preventDefault(), void save())}>
        {LANGUAGES.map((tongue) => (
          <div class="pair" key={tongue}>
            <div>
              <Field label={a(`title_${tongue}`)}>
                <input lang={tongue} maxLength={200} value={title.value[tongue] ?? ""} onInput={(event) => (title.value = { ...title.value, [tongue]: event.currentTarget.value })} />
              </Field>
              <Field label={a(`text_${tongue}`)}>
                <textarea lang={tongue} rows={9} maxLength={4000} value={text.value[tongue] ?? ""} onInput={(event) => (text.value = { ...text.value, [tongue]: event.currentTarget.value })} />
              </Field>
            </div>
            <div class="preview">
              <span class="label">{a("preview")}</span>
              <p lang={tongue}><Filled text={text.value[tongue] ?? ""} values={values} tongue={tongue} /></p>
            </div>
          </div>
        ))}
        {policy.warnings.length > 0 && <div class="note" role="note"><strong><Icon name="warn" />{a("warnings")}</strong><ul>{policy.warnings.map((line) => <li key={line}>{line}</li>)}</ul></div>}
        <div class="actions">
          <button class="button" disabled={busy.value}>{a("save")}</button>
          {policy.state === "changed" && <button type="button" class="button quiet" disabled={busy.value} onClick={restore}><Icon name="undo" />{a("restore")}</button>}
        </div>
        <Outcome result={result} />
      </form>
    </details>
  );
}

/** A list is a line for each item; an item that differs by language is "English | 中文". */
function asText(value: FactValue): Texts {
  if (typeof value === "string") return { en: value, zh: value };
  if (Array.isArray(value)) return { en: value.map((item) => (typeof item === "string" ? item : `${item.en} | ${item.zh}`)).join("\n"), zh: "" };
  return { en: value.en ?? "", zh: value.zh ?? "" };
}

function asValue(text: Texts, known: FactValue): FactValue {
  if (typeof known === "string") return text.en;
  if (!Array.isArray(known)) return text;
  const lines = text.en.split("\n").map((line) => line.trim()).filter(Boolean);
  return lines.map((line) => {
    const [en = "", zh] = line.split("|").map((part) => part.trim());
    return zh === undefined ? line : { en, zh };
  });
}
