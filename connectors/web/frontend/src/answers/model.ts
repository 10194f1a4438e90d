// What the API under /knowledge says.
import type { FileRef } from "../api";
import type { Language } from "../text";

export const LANGUAGES: Language[] = ["en", "zh"];
export type Both = Partial<Record<Language, string>>;
export type State = "shipped" | "changed" | "own" | "hidden";
export type Values = Record<string, Both>;
export type Brief = { id: string; topic: string; answer: Both; question: Both; forms: number; state: State; silent: boolean };
export type Listing = { entries: Brief[]; topics: Record<string, number>; values: Values; intents: string[]; total: number };
export type Questions = Partial<Record<Language, string[]>>;
export type Shown = {
  id: string;
  topic: string;
  intents: string[];
  answer: Both;
  questions: Questions;
  state: State;
  silent: boolean;
  warnings: string[];
};
export type FactValue = string | Both | (string | Both)[];
export type Fact = { name: string; value: FactValue; told: Both; state: State; used: number };
export type Policy = { topic: string; title: Both; text: Both; state: State; facts: Fact[]; warnings: string[] };
export type Written = { text: string; source: string[]; target: string[]; attention: number[][] };
export type Trial = {
  decision: string;
  reason: string;
  text: string;
  language: Language;
  source: string;
  confidence: number;
  send: number;
  ask: number;
  intent: string;
  parts: Record<string, number>;
  guesses: [string, number][];
  choices: string[];
  facts: { name: string; value: string; source: string }[];
  written: Written | null;
};
export type Past = { id: string; at: string; person: string; name: string; subject: string; before: unknown; after: unknown };

/** What the editor of an answer is opened with: an answer that is there, or the beginning of a new one. */
export type Opened = { id: string; topic: string; answer: Both; questions: Questions; closes: string[]; proposal: string };

export const RECORD_FIELDS = {
  product: ["product", "price", "stock", "unit"],
  order: [
    "order_number", "order_status", "order_date", "order_total", "order_items", "order_courier", "tracking_number",
    "expected_date", "delivered_date", "order_address", "order_payment",
  ],
} as const;
export type Cluster = { language: Language; texts: string[]; ids: string[]; newest: string; photos: FileRef[] };
export type Proposal = { id: string; person: string; language: Language; question: string; answer: string; made_at: string };
export type Waiting = { clusters: Cluster[]; proposals: Proposal[] };
export type ComparedRow = { questions: string; language: Language; asked: number; before: number; after: number; gained: number; lost: number };
export type Version = {
  name: string;
  date: string;
  minutes: number;
  learnt: string;
  in_place: boolean;
  comparison: { against: string; rows: ComparedRow[] } | null;
  verdict: "" | "better" | "same" | "worse";
};
export type Job = { state: "queued" | "running" | "done" | "failed" | "cancelled"; done: number; total: number; error: string };
export type Models = { versions: Version[]; current: string; before: string | null; job: Job | null };
