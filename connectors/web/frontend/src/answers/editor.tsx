// One answer: its texts with a preview, the ways to ask for it, and what can be done with it.
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Api } from "../api";
import { Icon } from "../icons";
import { a, language, named, type Language } from "../text";
import { LANGUAGES, RECORD_FIELDS, type Both, type Listing, type Questions, type Shown, type Values } from "./model";
import { Field, Filled, Outcome, StateTag, useAction } from "./parts";

const LONGEST = 4000;
const LONGEST_QUESTION = 500;
const VALUES_SHOWN = 24;

export function Editor({ api, shown, closes, proposal, listing, onSaved }: {
  api: Api;
  shown: Shown;
  closes: string[];
  proposal: string;
  listing: Listing;
  onSaved: (saved: Shown | null) => Promise<void>;
}) {
  const topic = useSignal(shown.topic);
  const answer = useSignal<Both>(shown.answer);
  const questions = useSignal<Questions>(shown.questions);
  const intents = useSignal<string[]>(shown.intents);
  const warnings = useSignal(shown.warnings);
  const touched = useSignal(shown.id === "");
  const { busy, result, run } = useAction();
  const last = useRef<HTMLTextAreaElement | null>(null);
  useUnsaved(touched.value && shown.id !== "");

  const change = (work: () => void) => {
    work();
    touched.value = true;
  };
  const path = `/knowledge/answers${shown.id && `/${shown.id}`}`;
  const draft = () => ({ topic: topic.value, intents: intents.value, answer: filled(answer.value), questions: listed(questions.value) });
  const save = () => run(async () => {
    const saved = await api.post<Shown>(path, { ...draft(), closes, proposal: proposal || null });
    touched.value = false;
    warnings.value = saved.warnings;
    questions.value = saved.questions;
    await onSaved(saved);
    return a("saved");
  });
  const takeOut = () => run(async () => {
    await api.post(`${path}/hide`);
    touched.value = false;
    await onSaved(shown.state === "own" ? null : { ...shown, state: "hidden" });
    return a("taken_out");
  });
  const restore = () => run(async () => {
    const saved = await api.post<Shown>(`${path}/restore`);
    [topic.value, answer.value, questions.value, intents.value] = [saved.topic, saved.answer, saved.questions, saved.intents];
    touched.value = false;
    warnings.value = saved.warnings;
    await onSaved(saved);
    return a("restored");
  });
  const insert = (name: string) => {
    const box = last.current;
    if (!box) return;
    box.setRangeText(`{${name}}`, box.selectionStart, box.selectionEnd, "end");
    box.dispatchEvent(new InputEvent("input", { bubbles: true }));
    box.focus();
  };
  return (
    <form class="editor" onSubmit={(event) => (event.preventDefault(), void save())}>
      <div class="row">
        <h2>{shown.id || a("add")}</h2>
        {shown.id && <StateTag state={shown.state} />}
      </div>
      {shown.silent && <p class="bad"><Icon name="warn" /> {a("silent")}</p>}
      {LANGUAGES.map((tongue) => (
        <div class="pair" key={tongue}>
          <Field label={a(`answer_${tongue}`)}>
            <textarea
              lang={tongue} rows={4} maxLength={LONGEST} value={answer.value[tongue] ?? ""}
              onFocus={(event) => (last.current = event.currentTarget)}
              onInput={(event) => change(() => (answer.value = { ...answer.value, [tongue]: event.currentTarget.value }))}
            />
          </Field>
          <Preview text={answer.value[tongue] ?? ""} values={listing.values} tongue={tongue} />
        </div>
      ))}
      <ValueList values={listing.values} onPick={insert} />
      <div class="two">
        {LANGUAGES.map((tongue) => (
          <QuestionForms
            key={tongue} tongue={tongue} forms={questions.value[tongue] ?? []}
            onChange={(forms) => change(() => (questions.value = { ...questions.value, [tongue]: forms }))}
          />
        ))}
      </div>
      <div class="two">
        <Field label={a("topic")}>
          <select value={topic.value} disabled={shown.id !== ""} onChange={(event) => change(() => (topic.value = event.currentTarget.value))}>
            {[...new Set([...Object.keys(listing.topics), topic.value])].map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </Field>
        <Intents known={listing.intents} chosen={intents.value} onChange={(chosen) => change(() => (intents.value = chosen))} />
      </div>
      {warnings.value.length > 0 && (
        <div class="note" role="note">
          <strong><Icon name="warn" />{a("warnings")}</strong>
          <ul>{warnings.value.map((line) => <li key={line}>{line}</li>)}</ul>
        </div>
      )}
      <div class="actions">
        <button class="button" disabled={busy.value || !touched.value}>{a(busy.value ? "saving" : "save")}</button>
        {shown.id && shown.state !== "hidden" && <button type="button" class="button quiet" disabled={busy.value} onClick={takeOut}>{a("take_out")}</button>}
        {(shown.state === "changed" || shown.state === "hidden") && (
          <button type="button" class="button quiet" disabled={busy.value} onClick={restore}><Icon name="undo" />{a("restore")}</button>
        )}
      </div>
      <Outcome result={result} />
    </form>
  );
}

function Preview({ text, values, tongue }: { text: string; values: Values; tongue: Language }) {
  return (
    <div class="preview">
      <span class="label">{a("preview")}</span>
      <p lang={tongue}>{text.trim() ? <Filled text={text} values={values} tongue={tongue} /> : <em class="quiet">{a("empty_preview")}</em>}</p>
    </div>
  );
}

function ValueList({ values, onPick }: { values: Values; onPick: (name: string) => void }) {
  const query = useSignal("");
  const wanted = query.value.toLowerCase();
  const facts = Object.entries(values).filter(([name, told]) => `${name} ${told.en} ${told.zh}`.toLowerCase().includes(wanted));
  const fields = (names: readonly string[]) => names.filter((name) => `${name} ${named("field", name)}`.toLowerCase().includes(wanted));
  return (
    <details class="values">
      <summary>{a("values")}</summary>
      <p class="quiet">{a("values_about")}</p>
      <input type="search" aria-label={a("find_value")} placeholder={a("find_value")} onInput={(event) => (query.value = event.currentTarget.value)} />
      <h3>{a("of_shop")}</h3>
      <div class="chips">
        {facts.slice(0, VALUES_SHOWN).map(([name, told]) => (
          <button type="button" class="chip" key={name} title={`{${name}}`} onClick={() => onPick(name)}>{`${name}: ${told[language.value]}`}</button>
        ))}
        {facts.length > VALUES_SHOWN && <span class="quiet">{a("more_questions", { count: facts.length - VALUES_SHOWN })}</span>}
      </div>
      {(["product", "order"] as const).map((part) => (
        <div key={part}>
          <h3>{a(`of_${part}`)}</h3>
          <div class="chips">
            {fields(RECORD_FIELDS[part]).map((name) => (
              <button type="button" class="chip record" key={name} title={`{${name}}`} onClick={() => onPick(name)}>{named("field", name)}</button>
            ))}
          </div>
        </div>
      ))}
    </details>
  );
}

function QuestionForms({ tongue, forms, onChange }: { tongue: Language; forms: string[]; onChange: (forms: string[]) => void }) {
  const box = useRef<HTMLFieldSetElement>(null);
  const wanted = useRef(-1);
  useLayoutEffect(() => {
    if (wanted.current >= 0) box.current?.querySelectorAll("input")[wanted.current]?.focus();
    wanted.current = -1;
  });
  const add = () => {
    wanted.current = forms.length;
    onChange([...forms, ""]);
  };
  const remove = (place: number) => {
    wanted.current = Math.max(0, place - 1);
    onChange(forms.filter((_, other) => other !== place));
  };
  return (
    <fieldset ref={box} class="forms">
      <legend>{a(`questions_${tongue}`)} <span class="quiet">({forms.length})</span></legend>
      <ul>
        {forms.map((form, place) => (
          <li key={place}>
            <input
              lang={tongue} maxLength={LONGEST_QUESTION} value={form} aria-label={a("question_n", { number: place + 1 })}
              onInput={(event) => onChange(forms.map((old, other) => (other === place ? event.currentTarget.value : old)))}
              onKeyDown={(event) => {
                if (event.key !== "Enter" || event.isComposing) return;
                event.preventDefault();
                add();
              }}
            />
            <button type="button" class="small" aria-label={a("remove_question", { number: place + 1 })} onClick={() => remove(place)}><Icon name="close" /></button>
          </li>
        ))}
      </ul>
      <button type="button" class="link" onClick={add}>{a("add_question")}</button>
    </fieldset>
  );
}

function Intents({ known, chosen, onChange }: { known: string[]; chosen: string[]; onChange: (chosen: string[]) => void }) {
  const toggle = (name: string, on: boolean) => onChange(on ? [...chosen, name] : chosen.filter((other) => other !== name));
  return (
    <details class="values">
      <summary>{a("meant_as")} <span class="quiet">{chosen.join(", ")}</span></summary>
      <div class="chips">
        {known.map((name) => (
          <label class="chip record" key={name}>
            <input type="checkbox" checked={chosen.includes(name)} onChange={(event) => toggle(name, event.currentTarget.checked)} />
            {name}
          </label>
        ))}
      </div>
    </details>
  );
}

/** The browser asks before changes are lost. */
function useUnsaved(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [unsaved]);
}

const filled = (texts: Both): Both => Object.fromEntries(Object.entries(texts).filter(([, text]) => text.trim()));

const listed = (questions: Questions): Questions =>
  Object.fromEntries(Object.entries(questions).map(([tongue, forms]) => [tongue, forms.map((form) => form.trim()).filter(Boolean)]));
