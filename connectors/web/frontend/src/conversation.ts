// One conversation: what was said, read by cursor, and what is still to be sent; loses and doubles nothing.
import { computed, signal } from "@preact/signals";
import { kept, keptKeys } from "./kept";
import { Refused, type Api, type Attachment, type Entry, type News } from "./api";

export type Link = "connecting" | "live" | "offline" | "signed_out";
export type Outgoing = {
  id: string;
  text: string;
  attachments: Attachment[];
  button?: string;
  at: string;
  state: "sending" | "waiting" | "failed";
  problem?: string;
  stored?: string; // the server's id: shown until its entry arrives
};

const HIDDEN_POLL_MS = 20_000;
const PAUSES_MS = [0, 500, 1000, 2000, 5000, 10_000];

export class Conversation {
  readonly entries = signal<Entry[]>([]);
  readonly outgoing = signal<Outgoing[]>([]);
  readonly typing = signal(false);
  readonly loaded = signal(false);
  readonly link = signal<Link>(navigator.onLine ? "connecting" : "offline");
  readonly seen = signal(0);
  readonly unread = computed(
    () => this.entries.value.filter((entry) => entry.author !== "person" && entry.number > this.seen.value).length,
  );

  #byId = new Map<string, Entry>();
  #cursor = 0;
  #posting: Promise<unknown> = Promise.resolve();
  #flushing = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #closed = new AbortController();
  #connection = new AbortController();
  #wake = () => {};

  /** `store` prefixes what this browser keeps for this person and shop. */
  constructor(readonly api: Api, readonly store: string) {
    this.seen.value = Number(kept.getItem(`${store}:seen`) ?? 0);
    this.outgoing.value = this.#kept();
    const { signal } = this.#closed;
    addEventListener("online", () => this.#reconnect(), { signal });
    addEventListener("offline", () => this.#reconnect(), { signal });
    document.addEventListener("visibilitychange", () => this.#reconnect(), { signal });
  }

  start(): void {
    void this.#listen();
    void this.#flush();
  }

  close(): void {
    this.#closed.abort();
    this.#reconnect();
  }

  send(text: string, attachments: Attachment[] = [], button?: string): void {
    const id = crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint32Array(4))).join("-");
    const message: Outgoing = { id, text, attachments, at: new Date().toISOString(), state: "sending" };
    if (button) message.button = button;
    this.#put(message);
    void this.#flush();
  }

  retry(message: Outgoing): void {
    this.#put({ ...message, state: "sending" });
    void this.#flush();
  }

  discard(message: Outgoing): void {
    kept.removeItem(`${this.store}:out:${message.id}`);
    this.outgoing.value = this.outgoing.value.filter((other) => other.id !== message.id);
  }

  /** Everything that is here now was read. */
  markSeen(): void {
    const newest = this.entries.value.at(-1)?.number ?? 0;
    if (newest <= this.seen.value) return;
    this.seen.value = newest;
    kept.setItem(`${this.store}:seen`, String(newest));
  }

  /** Drop what this browser keeps, e.g. when somebody signs out. */
  forget(): void {
    this.close();
    for (const key of keptKeys()) if (key.startsWith(`${this.store}:`)) kept.removeItem(key);
  }

  async #listen(): Promise<void> {
    for (let tries = 0; !this.#closed.signal.aborted; tries++) {
      this.#connection = new AbortController();
      try {
        if (document.hidden) await this.#poll();
        else await this.#follow(() => (tries = 0));
      } catch (error) {
        if (error instanceof Refused && error.signedOut) {
          this.link.value = "signed_out";
          return;
        }
      }
      if (this.#closed.signal.aborted) return;
      this.link.value = navigator.onLine ? "connecting" : "offline";
      await this.#pause(PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]! * (0.75 + Math.random() / 2));
    }
  }

  #follow(onOpen: () => void): Promise<void> {
    return this.api.stream(
      this.#cursor,
      this.#connection.signal,
      () => {
        onOpen();
        this.link.value = "live";
        void this.#flush();
      },
      (news) => void this.#posting.finally(() => this.#take(news)),
    );
  }

  /** A hidden page holds no connection: browsers allow only six to one server. */
  async #poll(): Promise<void> {
    while (document.hidden && !this.#connection.signal.aborted) {
      this.#take(await this.api.entries(this.#cursor));
      await this.#pause(HIDDEN_POLL_MS);
    }
  }

  #take(news: News): void {
    for (const entry of news.entries) {
      const known = this.#byId.get(entry.id);
      if (!known || known.revision < entry.revision) this.#byId.set(entry.id, entry);
    }
    this.#cursor = Math.max(this.#cursor, news.cursor);
    this.typing.value = news.typing;
    this.loaded.value ||= !news.more;
    if (news.entries.length === 0) return;
    this.entries.value = [...this.#byId.values()].sort((a, b) => a.number - b.number);
    this.#dropArrived();
  }

  #dropArrived(): void {
    for (const message of this.outgoing.value) if (message.stored && this.#byId.has(message.stored)) this.discard(message);
  }

  /** One after the other, in the order they were written; a repeat is known by its id and does nothing. */
  async #flush(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      for (let next; (next = this.outgoing.value.find((message) => !message.stored && message.state !== "failed")); ) {
        const posting = this.#post(next);
        this.#posting = posting;
        if (!(await posting)) return;
      }
    } finally {
      this.#flushing = false;
    }
  }

  async #post(message: Outgoing): Promise<boolean> {
    const { id, text, attachments, button } = message;
    try {
      const sent = { id, text, attachments: attachments.map((file) => file.attachment), ...(button && { button }) };
      const { id: stored } = await this.api.send(sent);
      this.#put({ ...message, state: "sending", stored });
      this.#dropArrived();
      return true;
    } catch (error) {
      return this.#notSent(message, error);
    }
  }

  #notSent(message: Outgoing, error: unknown): boolean {
    if (error instanceof Refused && error.signedOut) this.link.value = "signed_out";
    if (error instanceof Refused && !error.signedOut && !error.passing) {
      this.#put({ ...message, state: "failed", problem: error.message });
      return true;
    }
    this.#put({ ...message, state: "waiting" });
    clearTimeout(this.#retry);
    if (this.link.value !== "signed_out") this.#retry = setTimeout(() => void this.#flush(), 3000);
    return false;
  }

  #put(message: Outgoing): void {
    try {
      kept.setItem(`${this.store}:out:${message.id}`, JSON.stringify(message));
    } catch {
      // the browser keeps no more: the message lives as long as the page does
    }
    const others = this.outgoing.value.filter((other) => other.id !== message.id);
    this.outgoing.value = [...others, message].sort((a, b) => a.at.localeCompare(b.at));
  }

  #kept(): Outgoing[] {
    const keys = keptKeys().filter((key) => key.startsWith(`${this.store}:out:`));
    const messages = keys.map((key) => JSON.parse(kept.getItem(key)!) as Outgoing);
    return messages.sort((a, b) => a.at.localeCompare(b.at));
  }

  #reconnect(): void {
    this.#connection.abort();
    this.#wake();
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, milliseconds);
    });
  }
}
