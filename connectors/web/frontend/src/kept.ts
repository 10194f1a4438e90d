// What this browser keeps; where it keeps nothing (an embed with storage switched off) it lives as long as the page.

function allowed(): Storage | null {
  try {
    localStorage.setItem("shopclerk:probe", "");
    localStorage.removeItem("shopclerk:probe");
    return localStorage;
  } catch {
    return null;
  }
}

const storage = allowed();
const memory = new Map<string, string>();

export const kept: Pick<Storage, "getItem" | "setItem" | "removeItem"> = storage ?? {
  getItem: (key) => memory.get(key) ?? null,
  setItem: (key, value) => void memory.set(key, value),
  removeItem: (key) => void memory.delete(key),
};

export const keptKeys = () => (storage ? Object.keys(storage) : [...memory.keys()]);
