// The page on which a merchant looks after the shop's answers: one section at a time, its name in the address.
import { effect, signal } from "@preact/signals";
import { render, type ComponentType } from "preact";
import { Api, Refused, type Me } from "../api";
import { Icon } from "../icons";
import { LanguageSwitch } from "../language";
import "../style/answers.css";
import { a, language, locale, t, type AnswersKey } from "../text";
import { AnswersSection, open } from "./answers";
import { FactsSection } from "./facts";
import { HistorySection } from "./history";
import { TrainingSection } from "./training";
import { TrySection } from "./trial";
import { UnansweredSection } from "./unanswered";

const api = new Api("/api/v1");
const SECTIONS: Partial<Record<AnswersKey, ComponentType<{ api: Api }>>> = {
  answers: AnswersSection,
  facts: FactsSection,
  unanswered: UnansweredSection,
  try: TrySection,
  training: TrainingSection,
  history: HistorySection,
};
const KEYS = Object.keys(SECTIONS) as AnswersKey[];
const section = signal<AnswersKey>("answers");

function follow(): void {
  const [name = "", id = ""] = location.hash.slice(1).split("/");
  section.value = KEYS.find((key) => key === name) ?? "answers";
  if (section.value === "answers") open(id);
}

function Page({ me }: { me: Me }) {
  const Section = SECTIONS[section.value]!;
  return (
    <>
      <header class="bar">
        <a class="round quiet" href="/console" aria-label={a("back_to_chat")} title={a("back_to_chat")}><Icon name="back" /></a>
        <h1>{a("title")}</h1>
        <span class="shop">
          <strong>{me.shop.name[language.value]}</strong>
          {me.shop.synthetic && <span class="tag">{t("synthetic")}</span>}
        </span>
        <LanguageSwitch api={api} />
      </header>
      <nav class="sections" aria-label={a("sections")}>
        {KEYS.map((key) => (
          <a key={key} href={`#${key}`} aria-current={key === section.value ? "page" : undefined}>{a(key)}</a>
        ))}
      </nav>
      <main key={section.value}><Section api={api} /></main>
    </>
  );
}

async function start(): Promise<void> {
  const root = document.getElementById("answers")!;
  const me = await api.me();
  api.proof = { "X-CSRF-Token": me.csrf };
  language.value = me.language;
  effect(() => {
    document.documentElement.lang = locale();
    document.title = `${a(section.value)} · Shopclerk`;
  });
  addEventListener("hashchange", follow);
  follow();
  root.replaceChildren();
  render(<Page me={me} />, root);
}

start().catch((error: unknown) => {
  if (error instanceof Refused && error.signedOut) location.assign("/sign-in");
  else setTimeout(() => location.reload(), 3000); // the server is starting
});
