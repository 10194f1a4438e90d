// Parts that the sections of this page share.
import { useSignal, type Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Refused } from "../api";
import { a, language, named, type Language } from "../text";
import { RECORD_FIELDS, type Both, type State, type Values } from "./model";

const PLACEHOLDER = /\{([a-z][a-z0-9_]*)\}/;
const FIELDS: readonly string[] = [...RECORD_FIELDS.product, ...RECORD_FIELDS.order];

/** A text with its placeholders filled: facts with their value, fields of a record with their name. */
export function Filled({ text, values, tongue }: { text: string; values: Values; tongue: Language }) {
  return (
    <>
      {text.split(PLACEHOLDER).map((part, place) => (place % 2 ? <Chip key={place} name={part} values={values} tongue={tongue} /> : part))}
    </>
  );
}

function Chip({ name, values, tongue }: { name: string; values: Values; tongue: Language }) {
  const value = values[name]?.[tongue];
  if (value !== undefined) return <span class="chip" title={`{${name}}`}>{value}</span>;
  const known = FIELDS.includes(name);
  return <span class={`chip ${known ? "record" : "unknown"}`} title={`{${name}}`}>{known ? named("field", name) : `{${name}}`}</span>;
}

export function StateTag({ state }: { state: State }) {
  return <span class={`tag state ${state}`}>{a(`state_${state}`)}</span>;
}

/** What is there in the reader's language, else in the other. */
export const inEither = (texts: Both) => texts[language.value] ?? Object.values(texts)[0] ?? "";

export type Result = { good?: string; bad?: string };

/** One action at a time, and what came of it. */
export function useAction(): { busy: Signal<boolean>; result: Signal<Result>; run: (work: () => Promise<string | void>) => Promise<void> } {
  const busy = useSignal(false);
  const result = useSignal<Result>({});
  const run = async (work: () => Promise<string | void>) => {
    if (busy.value) return;
    busy.value = true;
    result.value = {};
    try {
      const good = await work();
      result.value = good ? { good } : {};
    } catch (error) {
      result.value = { bad: told(error) };
    } finally {
      busy.value = false;
    }
  };
  return { busy, result, run };
}

export function told(error: unknown): string {
  if (error instanceof Refused && error.signedOut) location.assign("/sign-in");
  return error instanceof Refused ? error.message : a("failed");
}

export function Outcome({ result }: { result: Signal<Result> }) {
  return (
    <>
      <p class="good" role="status">{result.value.good}</p>
      {result.value.bad && <p class="bad" role="alert">{result.value.bad}</p>}
    </>
  );
}

/** What the server has, asked for anew whenever `deps` change; `problem` where it could not be had. */
export function useLoaded<T>(load: () => Promise<T>, deps: readonly unknown[]) {
  const value = useSignal<T | null>(null);
  const problem = useSignal("");
  const again = async () => {
    try {
      value.value = await load();
      problem.value = "";
    } catch (error) {
      problem.value = told(error);
    }
  };
  useEffect(() => void again(), deps);
  return { value, problem, again };
}

export function Loading({ problem, retry }: { problem: string; retry: () => void }) {
  if (!problem) return <p class="quiet">{a("loading")}</p>;
  return (
    <p class="bad" role="alert">
      {problem} <button type="button" class="link" onClick={retry}>{a("again")}</button>
    </p>
  );
}

export function Field({ label, children }: { label: string; children: ComponentChildren }) {
  return <label class="field"><span>{label}</span>{children}</label>;
}
