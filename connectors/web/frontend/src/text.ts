// Every text people read, in the language they chose; the same file serves the server's pages.
import { signal } from "@preact/signals";
import { answers, chat, try_customer, try_merchant } from "../../strings.json";

export type Language = "en" | "zh";
type Key = keyof typeof chat;
export type AnswersKey = keyof typeof answers;

export const language = signal<Language>("en");

export const locale = () => (language.value === "zh" ? "zh-CN" : "en");

/** The language to start with: what the page says, else the browser's. */
export function preferred(tag: string | null | undefined): Language {
  return (tag || navigator.language).toLowerCase().startsWith("zh") ? "zh" : "en";
}

type Fields = Record<string, string | number>;

const filled = (text: string, fields: Fields) => text.replace(/\{(\w+)\}/g, (_, name: string) => String(fields[name] ?? ""));

export const t = (key: Key, fields: Fields = {}): string => filled(chat[key][language.value], fields);

/** As `t`, of the pages about answers. */
export const a = (key: AnswersKey, fields: Fields = {}): string => filled(answers[key][language.value], fields);

/** As `a`, for a key that the server made of parts; the last part where there is no such text. */
export function named(prefix: string, key: string): string {
  const texts: Record<string, Record<Language, string>> = answers;
  return texts[`${prefix}_${key}`]?.[language.value] ?? key;
}

/** What to try, by door. */
export function suggestions(customer: boolean): string[] {
  return Object.values(customer ? try_customer : try_merchant).map((texts) => texts[language.value]);
}

export const clock = (at: string) =>
  new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit" }).format(new Date(at));

export function dayName(at: Date): string {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days === 0) return t("today");
  if (days === 1) return t("yesterday");
  return new Intl.DateTimeFormat(locale(), { dateStyle: "long" }).format(at);
}

export function fileSize(bytes: number): string {
  const [value, unit] = bytes < 1_000_000 ? [bytes / 1000, "kilobyte"] : [bytes / 1_000_000, "megabyte"];
  const digits = value < 10 ? 1 : 0;
  return new Intl.NumberFormat(locale(), { style: "unit", unit, maximumFractionDigits: digits }).format(value);
}

export const count = (value: number) => new Intl.NumberFormat(locale()).format(value);
