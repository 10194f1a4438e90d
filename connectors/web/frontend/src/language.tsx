// The switch between the two languages; the server remembers what was chosen.
import type { Api } from "./api";
import { language, type Language } from "./text";

export function LanguageSwitch({ api }: { api: Api }) {
  const other: Language = language.value === "en" ? "zh" : "en";
  const choose = () => {
    language.value = other;
    void api.chooseLanguage(other).catch(() => undefined);
  };
  return (
    <button type="button" class="switch" lang={other === "zh" ? "zh-CN" : "en"} onClick={choose}>
      {other === "zh" ? "中文" : "English"}
    </button>
  );
}
