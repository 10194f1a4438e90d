// The JSON API as the front end sees it; errors carry the server's own sentence in the reader's language.
import { createParser } from "eventsource-parser";
import { language, locale, type Language } from "./text";

export type FileRef = { sha256: string; name: string; media_type: string; size: number };
export type Attachment = FileRef & { attachment: string };
export type Button = { title: string; token: string };
export type Reply =
  | { kind: "text"; text: string }
  | { kind: "buttons"; text: string; buttons: Button[] }
  | { kind: "table"; title: string; columns: string[]; rows: string[][]; marks: [number, number][] }
  | { kind: "image"; file: string; alt: string; title: string }
  | { kind: "file"; file: string; name: string; media_type: string }
  | { kind: "progress"; job: string; text: string; done: number; total: number }
  | { kind: "handoff"; reason: string };
export type Entry = {
  id: string;
  number: number;
  revision: number;
  author: "person" | "bot" | "agent";
  at: string;
  text: string;
  files: FileRef[];
  reply: Reply | null;
};
export type News = { entries: Entry[]; cursor: number; typing: boolean; more: boolean };
export type Me = {
  id: string;
  name: string;
  language: Language;
  csrf: string;
  shop: { name: Record<Language, string>; synthetic: boolean };
};
export type NewMessage = { id: string; text: string; attachments: string[]; button?: string };

/** The server refused; `code` is for us, `message` for people. */
export class Refused extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
  get signedOut() {
    return this.status === 401;
  }
  /** Trying the same again later may help. */
  get passing() {
    return this.status >= 500 || this.status === 429;
  }
}

const SILENCE_MS = 40_000; // the server sends a sign of life every 15 s

export class Api {
  /** `proof` shows who we are: a CSRF token beside the session cookie, or a visitor's own token. */
  constructor(readonly base: string, public proof: Record<string, string> = {}, readonly cookies = true) {}

  me = () => this.#json<Me>("GET", "/me");
  send = (message: NewMessage) => this.#json<{ id: string }>("POST", "/messages", message);
  chooseLanguage = (chosen: Language) => this.#json("POST", "/language", { language: chosen });
  entries = (cursor: number) => this.#json<News>("GET", `/entries?cursor=${cursor}`);
  visit = (shop: string, identity?: string) =>
    this.#json<{ token: string; name: string }>("POST", "/visitor", { shop, identity });

  get = <T>(path: string) => this.#json<T>("GET", path);
  post = <T>(path: string, body?: unknown) => this.#json<T>("POST", path, body ?? {});

  /** News until the connection ends; `signal` ends it. */
  async stream(cursor: number, signal: AbortSignal, onOpen: () => void, onNews: (news: News) => void): Promise<void> {
    const ended = new AbortController();
    const response = await this.#fetch("GET", `/stream?cursor=${cursor}`, undefined, AbortSignal.any([signal, ended.signal]));
    onOpen();
    const parser = createParser({
      onEvent: ({ event, data }) => {
        if (event === "signed_out") throw new Refused(401, "signed_out", "");
        if (event === "news") onNews(JSON.parse(data) as News);
      },
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const silence = setTimeout(() => ended.abort(), SILENCE_MS);
      const { done, value } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      parser.feed(value);
    }
  }

  /** XMLHttpRequest, as only it tells how far an upload is. */
  upload(file: File, onProgress: (share: number) => void, signal: AbortSignal): Promise<Attachment> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", `${this.base}/files`);
      for (const [name, value] of Object.entries(this.#headers())) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
      request.onerror = request.onabort = () => reject(new TypeError("network"));
      request.onload = () =>
        request.status === 201
          ? resolve(JSON.parse(request.responseText) as Attachment)
          : reject(refusal(request.status, request.responseText));
      signal.addEventListener("abort", () => request.abort());
      const form = new FormData();
      form.append("file", file);
      request.send(form);
    });
  }

  /** Where a picture or file can be had: its address where the cookie opens it, else its bytes. */
  async fileUrl(sha256: string): Promise<string> {
    if (this.cookies) return `${this.base}/files/${sha256}`;
    const response = await this.#fetch("GET", `/files/${sha256}`);
    return URL.createObjectURL(await response.blob());
  }

  #headers(): Record<string, string> {
    return { "Accept-Language": locale(), ...this.proof };
  }

  async #fetch(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const headers = body === undefined ? this.#headers() : { ...this.#headers(), "Content-Type": "application/json" };
    const response = await fetch(this.base + path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: this.cookies ? "same-origin" : "omit",
      cache: "no-store",
      signal: signal ?? null,
    });
    if (!response.ok) throw refusal(response.status, await response.text());
    return response;
  }

  async #json<T>(method: string, path: string, body?: unknown): Promise<T> {
    return (await this.#fetch(method, path, body)).json() as Promise<T>;
  }
}

function refusal(status: number, body: string): Refused {
  try {
    const { code, message } = (JSON.parse(body) as { error: { code: string; message: string } }).error;
    return new Refused(status, code, message);
  } catch {
    return new Refused(status, "unreadable", `${status} (${language.value})`);
  }
}
